"""The words by which tables call their columns and say that nothing was measured."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

__all__ = [
    "COMPOUND", "DESCRIPTORS", "ENDPOINT", "INCHI", "MEASURED", "MISSING", "NOTES", "ORGANISM", "PREDICTED", "PROPERTIES",
    "RELATION", "SMILES", "SPLIT", "TARGET_ID", "TARGET_TITLE", "UNIT", "VALUE", "WEIGHT", "find", "normal", "words",
]  # fmt: skip

SMILES: Final = (
    "smiles", "canonicalsmiles", "isomericsmiles", "smilesstring", "standardizedsmiles", "stdsmiles", "standardsmiles",
    "rdkitsmiles", "molsmiles", "moleculesmiles", "compoundsmiles", "ligandsmiles", "drugsmiles",
     "pubchemextdatasourcesmiles",
    "smile", "cansmiles", "openeyesmiles", "cxsmiles", "molfile", "mol", "structure", "drug",
)  # fmt: skip
INCHI: Final = ("inchi", "standardinchi", "stdinchi", "inchistring", "ligandinchi", "compoundinchi", "pubcheminchi")
COMPOUND: Final = (
    "compound", "compoundid", "compoundchemblid", "moleculechemblid", "cmpdchemblid", "moleculeid", "molecule", "molid",
    "chemid", "chemicalid", "zincid", "chemblid", "chembl", "pubchemcid", "bindingdbmonomerid", "drugbankid", "structid",
    "ligandid", "drugid", "cmpdid", "cmpd", "substanceid", "compoundname", "moleculename", "molname", "mol", "ligand",
    "ligandname", "bindingdbligandname", "drug", "drugname", "cmpdname", "pubchemsid", "connectivity", "cid", "casrn",
    "cas", "title", "id", "name", "iupac", "iupacname", "inchikey", "standardinchikey", "stdinchikey", "ambitinchikey",
)  # fmt: skip
TARGET_ID: Final = (
    "targetchemblid", "targetid", "tid", "uniprotid", "uniprot", "uniprotaccession", "targetuniprotid", "accession",
    "targetaccession", "uniprotswissprotprimaryidoftargetchain", "uniprotac", "proteinaccession", "proteinid", "entrezid",
    "geneid", "entrezgeneid", "targetgeneid", "swissprot",
)  # fmt: skip
TARGET_TITLE: Final = (
    "target", "targetname", "targetprefname", "targetpreferredname", "prefname", "gene", "genename", "genesymbol",
    "targetgenesymbol", "targetgene", "protein", "proteinname", "kinase", "receptor", "enzyme", "isoform", "cellline",
)  # fmt: skip
ASSAY: Final = ("assay", "assayid", "assayname", "assaychemblid", "assayaid", "aid", "protocol", "task", "taskname", "endpoint")
ORGANISM: Final = (
    "targetorganism", "organism", "species", "targetspecies", "targetsourceorganismaccordingtocuratorordatasource",
    "targetsourceorganism", "taxid", "assayorganism", "organismname",
)  # fmt: skip
ENDPOINT: Final = (
    "standardtype", "acttype", "activitytype", "affinitytype", "measurementtype", "publishedtype", "endpointtype", "type",
    "measure", "endpoint", "readout", "affinitymeasure", "resulttype",
)  # fmt: skip
VALUE: Final = (
    "pchemblvaluemean", "pchemblvaluemedian", "pchemblvalue", "pchembl", "pactivity", "pxc50", "px", "paffinity", "pvalue50",
    "standardvalue", "pubchemstandardvalue", "actvalue", "value", "activityvalue", "affinityvalue", "measuredvalue",
    "publishedvalue", "affinitymedian", "affinity", "activity", "potency", "label", "outcome", "pubchemactivityoutcome",
    "activityoutcome", "activityflag", "active", "isactive", "activitycomment", "response", "result", "y",
     "interaction", "class",
)  # fmt: skip
"""In order of preference; the first names are negative logarithms."""
MEASURED: Final = frozenset(
    {"y", "label", "labels", "exp", "expt", "experimental", "measured", "observed", "active", "activity", "inactive",
     "outcome",
     "class", "response", "pn", "np", "tox", "toxic", "toxicity", "hit", "true", "affinity", "potency", "observation"}
)  # fmt: skip
"""Words in the name of a column that is what was measured."""
RELATION: Final = (
    "relation", "standardrelation", "operator", "qualifier", "modifier", "prefix", "relationship", "valuequalifier", "sign",
    "publishedrelation", "censor", "censoring", "standardvaluerelation", "comparator", "inequality", "activityrelation",
    "affinityrelation", "activityqualifier",
)  # fmt: skip
UNIT: Final = (
    "unit", "units", "standardunit", "standardunits", "valueunit", "valueunits", "actunit", "affinityunits", "affinityunit",
    "concentrationunit", "concentrationunits", "unitname", "activityunit", "activityunits", "publishedunits", "measureunit",
)  # fmt: skip
SPLIT: Final = frozenset({"split", "fold", "set", "subset", "partition", "traintest", "trainvalidtest", "cvfold", "splitgroup",
                          "scaffoldsplit", "randomsplit", "istrain", "istest", "train", "test", "dataset", "group",
     "usage"})  # fmt: skip
WEIGHT: Final = frozenset({"weight", "weights", "w", "sampleweight", "sampleweights", "rowweight"})
PREDICTED: Final = frozenset(
    {"predicted", "prediction", "pred", "preds", "calc", "calculated", "computed", "estimated", "esol"}
)
PROPERTIES: Final = frozenset(
    {"logp", "logd", "logs", "solubility", "logsolubility", "lipophilicity", "pka", "permeability", "logpapp", "papp",
     "caco2",
     "meltingpoint", "mp", "boilingpoint", "bp", "clearance", "halflife", "ppb", "bioavailability"}
)  # fmt: skip
"""Properties that some tables describe compounds by and others are made to teach: targets where nothing else is."""
DESCRIPTORS: Final = frozenset(
    {"mw", "mwt", "molwt", "molweight", "molecularweight", "moleculeweight", "exactmass", "monoisotopicmass", "mass", "amw",
     "fullmwt", "clogp", "alogp", "xlogp", "mlogp", "wlogp", "slogp", "cxlogp", "crippenlogp", "logpcalc", "clogd",
     "tpsa", "psa", "polarsurfacearea", "topologicalpolarsurfacearea", "hbd", "hba", "numhdonors", "numhacceptors", "hdonors",
     "hacceptors", "hbonddonors", "hbondacceptors", "numberofhbonddonors", "numberofhbondacceptors", "hbdonors",
     "hbacceptors",
     "donors", "acceptors", "rotb", "rotbonds", "rotatablebonds", "numrotatablebonds", "numberofrotatablebonds",
     "rtb", "nrotb",
     "rings", "nrings", "numrings", "ringcount", "numberofrings", "aromaticrings", "numaromaticrings", "heavyatoms",
     "heavyatomcount", "numheavyatoms", "nha", "hac", "numberofatoms", "numatoms", "natoms", "minimumdegree", "maximumdegree",
     "fsp3", "fractioncsp3", "qed", "qedweighted", "sascore", "sa", "lipinski", "ro5", "ro5violations", "numro5violations",
     "ruleoffive", "ruleoffiveviolations", "lipinskiviolations", "formalcharge", "charge", "complexity", "labutej",
     "labuteasa",
     "molarrefractivity", "mr", "logpalogps", "npl", "nplikeness", "numstereocenters", "stereocenters", "inchikeycollisions",
     "cxacidicpka", "cxbasicpka", "cliffmol", "cliff", "le", "lle", "lipe", "ligandefficiency", "ligandefficiencylle",
     "ligandefficiencybei", "ligandefficiencyle", "ligandefficiencysei", "bei", "sei", "averagemass", "molecularmass",
     "numhba",
     "numhbd", "nhba", "nhbd", "mollogp", "cns", "cnsmpo", "mpo", "atoms", "bonds", "numbonds"}
)  # fmt: skip
"""What is computed from a structure, or marks it: never an activity."""
NOTES: Final = frozenset(
    {"std", "sd", "sem", "stderr", "stdev", "se", "stddev", "error", "err", "uncertainty", "variance", "var", "ci", "cv", "n",
     "count", "replicates", "nreplicates", "nmeasurements", "hill", "hillslope", "slope", "r2", "rsquared", "rsq", "top",
     "bottom", "zprime", "curveclass", "maxresponse", "efficacy", "year", "date", "month", "day", "documentyear",
     "publicationyear", "docyear",
     "volume", "issue", "page", "firstpage", "pmid", "pubmedid", "doi", "documentid", "docid", "documentchemblid", "recordid",
     "activityid", "sourceid", "srcid", "srcdescription", "batch", "batchid", "plate", "plateid", "well", "lot",
     "row", "column", "col",
     "ph", "temp", "temperature", "tempc", "konm1s1", "koffs1", "kon", "koff", "dose", "conc", "concentration",
     "time", "quality",
     "confidencescore", "score_rank", "rank", "order", "seq", "seqno", "potentialduplicate", "toid", "bao", "assaytaxid",
     "targettaxid", "targetmapping", "standardflag", "pubchemactivityscore", "pubchemresulttag", "pubchemsid",
     "bindingdbreactantsetid", "bindingdbmonomerid", "numberofproteinchainsintarget1impliesamultichaincomplex", "z", "zscore",
     "pvalue", "log2fc", "cellcount", "viability", "affinityhigh", "affinitylow", "phase", "maxphase", "price", "amount",
     "stock", "purity"}
)  # fmt: skip
"""What is said about a measurement or a record: never an activity."""
MISSING: Final = frozenset(
    {"na", "n/a", "#n/a", "n.a.", "n.a", "nd", "n.d.", "n.d", "n/d", "nt", "n.t.", "n.t", "n/t", "nm", "n.m.", "nan", "-nan",
     "null", "none", "nil", "-", "--", "---", "–", "—", "*", "**", ".", "..", "?", "#value!", "#div/0!", "#ref!", "#num!",
     "#name?", "#null!", "\\n", "<na>", "nat", "not determined", "not tested", "not measured", "not available", "not done",
     "not applicable", "not active/not tested", "missing", "no value", "no data", "undetermined", "unknown", "pending", "tbd",
     "blank", "empty", "1.#qnan", "1.#ind", "-1.#ind"}
)  # fmt: skip
"""Cells, without regard to case, that state nothing."""
_NORMAL: Final = re.compile(r"[^0-9a-z]+")
_WORD: Final = re.compile(r"[A-Za-z][a-z]+|[A-Z]+(?![a-z])|[a-z]+|\d+")


@lru_cache(maxsize=65_536)
def normal(name: str) -> str:
    """A column's name without case, blanks and punctuation."""
    return _NORMAL.sub("", name.casefold())


@lru_cache(maxsize=65_536)
def words(name: str) -> tuple[str, ...]:
    """The words of a column's name, in lower case."""
    return tuple(word.casefold() for word in _WORD.findall(name))


def find(wanted: Sequence[str], columns: Iterable[str]) -> str | None:
    """The column that the earliest of the words names."""
    by_word = {normal(column): column for column in reversed(list(columns))}
    return next((by_word[word] for word in wanted if word in by_word), None)
