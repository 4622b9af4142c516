"""Counter-ions and solvents: what a drug is written with and is not, in the neutral form of `standardisation`.

A reviewed list: acids and bases of the salts that medicines are made as (the common entries of Stahl and Wermuth's
handbook), and solvents that crystals hold. A part on this list is never taken for the compound while another organic part
stands beside it.
"""

from typing import Final

__all__ = ["COUNTERIONS"]

COUNTERIONS: Final = (
    # acids
    "OC=O",  # formic
    "CC(=O)O",  # acetic
    "OC(=O)C(F)(F)F",  # trifluoroacetic
    "OC(=O)C(Cl)Cl",  # dichloroacetic
    "CCC(=O)O",  # propionic
    "CC(O)C(=O)O",  # lactic
    "OCC(=O)O",  # glycolic
    "OC(=O)C(=O)O",  # oxalic
    "OC(=O)CC(=O)O",  # malonic
    "OC(=O)CCC(=O)O",  # succinic
    "OC(=O)C=CC(=O)O",  # fumaric, maleic
    "OC(=O)CC(O)C(=O)O",  # malic
    "OC(=O)C(O)C(O)C(=O)O",  # tartaric
    "OC(=O)CC(O)(CC(=O)O)C(=O)O",  # citric
    "OC(=O)CCCC(=O)O",  # glutaric
    "OC(=O)CCCCC(=O)O",  # adipic
    "OC(=O)CCCCCCCCC(=O)O",  # sebacic
    "CCCCCCCCCCCC(=O)O",  # lauric
    "CCCCCCCCCCCCCCCC(=O)O",  # palmitic
    "CCCCCCCCCCCCCCCCCC(=O)O",  # stearic
    "CCCCCCCCC=CCCCCCCCC(=O)O",  # oleic
    "CCCCCCCC(=O)O",  # caprylic
    "OCC(O)C(O)C(O)C(O)C(=O)O",  # gluconic
    "OC(=O)C1OC(O)C(O)C(O)C1O",  # glucuronic
    "OCC(O)C1OC(=O)C(O)=C1O",  # ascorbic
    "OC(=O)c1ccccc1",  # benzoic
    "OC(=O)c1ccccc1O",  # salicylic
    "OC(=O)C(O)c1ccccc1",  # mandelic
    "OC(=O)CNC(=O)c1ccccc1",  # hippuric
    "OC(=O)c1cc2ccccc2cc1O",  # 3-hydroxy-2-naphthoic
    "OC(=O)c1ccc2ccccc2c1O",  # xinafoic
    "OC(=O)c1cc2ccccc2c(Cc2c(O)c(cc3ccccc23)C(=O)O)c1O",  # pamoic
    "OC(=O)c1cc(O)nc(=O)[nH]1",  # orotic, as one of its tautomers
    "O=C(O)c1cc(=O)[nH]c(=O)[nH]1",  # orotic
    "OC(=O)CCC(N)C(=O)O",  # glutamic
    "OC(=O)CC(N)C(=O)O",  # aspartic
    "O=C1CCC(N1)C(=O)O",  # pyroglutamic
    "CS(=O)(=O)O",  # methanesulfonic
    "CCS(=O)(=O)O",  # ethanesulfonic
    "OCCS(=O)(=O)O",  # isethionic
    "O=S(=O)(O)CCS(=O)(=O)O",  # 1,2-ethanedisulfonic
    "OS(=O)(=O)C(F)(F)F",  # trifluoromethanesulfonic
    "OS(=O)(=O)c1ccccc1",  # benzenesulfonic
    "Cc1ccc(cc1)S(=O)(=O)O",  # toluenesulfonic
    "OS(=O)(=O)c1ccc2ccccc2c1",  # 2-naphthalenesulfonic
    "OS(=O)(=O)c1cccc2c1cccc2S(=O)(=O)O",  # 1,5-naphthalenedisulfonic
    "CC1(C)C2CCC1(CS(=O)(=O)O)C(=O)C2",  # camphorsulfonic
    "COS(=O)(=O)O",  # methyl sulfuric
    "OC(=O)O",  # carbonic
    "SC#N",  # thiocyanic
    "N=C=S",  # thiocyanic
    "Oc1c(cc(cc1[N+](=O)[O-])[N+](=O)[O-])[N+](=O)[O-]",  # picric
    "OC(=O)C1CCCCC1",  # hexahydrobenzoic
    "O=C(O)CCc1ccccc1",  # hydrocinnamic
    # bases
    "CNCC(O)C(O)C(O)C(O)CO",  # meglumine
    "NC(CO)(CO)CO",  # tromethamine
    "NCCO",  # ethanolamine
    "OCCNCCO",  # diethanolamine
    "OCCN(CCO)CCO",  # triethanolamine
    "CN(C)CCO",  # deanol
    "C[N+](C)(C)CCO",  # choline
    "NCCN",  # ethylenediamine
    "CN",  # methylamine
    "CCN",  # ethylamine
    "CNC",  # dimethylamine
    "CCNCC",  # diethylamine
    "CCN(CC)CC",  # triethylamine
    "CN(C)C",  # trimethylamine
    "CC(C)NC(C)C",  # diisopropylamine
    "CCN(C(C)C)C(C)C",  # Huenig's base
    "CC(C)(C)N",  # tert-butylamine
    "CC(C)(C)CC(C)(C)N",  # tert-octylamine
    "C1CCC(CC1)NC1CCCCC1",  # dicyclohexylamine
    "NC1CCCCC1",  # cyclohexylamine
    "C1CNCCN1",  # piperazine
    "C1COCCN1",  # morpholine
    "C1CCNC1",  # pyrrolidine
    "OCCN1CCCC1",  # epolamine
    "NCCCCC(N)C(=O)O",  # lysine
    "NC(CCCNC(=N)N)C(=O)O",  # arginine
    "NCC(=O)O",  # glycine
    "C(Cc1ccccc1)NCCNCc1ccccc1",  # a benzathine
    "C(NCCNCc1ccccc1)c1ccccc1",  # benzathine
    "CCCC[N+](CCCC)(CCCC)CCCC",  # tetrabutylammonium
    "CC[N+](CC)(CC)CC",  # tetraethylammonium
    "C[N+](C)(C)C",  # tetramethylammonium
    # solvents
    "CO",  # methanol
    "CCO",  # ethanol
    "CCCO",  # propanol
    "CC(C)O",  # isopropanol
    "CCCCO",  # butanol
    "CC(C)(C)O",  # tert-butanol
    "OCCO",  # ethylene glycol
    "CC(O)CO",  # propylene glycol
    "OCC(O)CO",  # glycerol
    "CC(C)=O",  # acetone
    "CCC(C)=O",  # butanone
    "CC#N",  # acetonitrile
    "CS(C)=O",  # dimethyl sulfoxide
    "CN(C)C=O",  # dimethylformamide
    "CC(=O)N(C)C",  # dimethylacetamide
    "CN1CCCC1=O",  # N-methylpyrrolidone
    "CCOC(C)=O",  # ethyl acetate
    "CCOCC",  # diethyl ether
    "COC(C)(C)C",  # tert-butyl methyl ether
    "C1CCOC1",  # tetrahydrofuran
    "C1COCCO1",  # dioxane
    "ClCCl",  # dichloromethane
    "ClC(Cl)Cl",  # chloroform
    "Cc1ccccc1",  # toluene
    "c1ccccc1",  # benzene
    "c1ccncc1",  # pyridine
    "CCCCCC",  # hexane
    "CCCCCCC",  # heptane
    "C1CCCCC1",  # cyclohexane
    "NC=O",  # formamide
    "NC(N)=O",  # urea
)
"""SMILES; they are read and written again before they are compared."""
