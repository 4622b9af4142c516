"""Structure files are read back as they were meant, whatever names and values hold."""

from rdkit import Chem

from chemistry.structure_file import sd_file


def test_line_breaks_and_brackets_of_names_and_values_break_no_record() -> None:
    text = sd_file(
        [
            (
                "CCO",
                {
                    "name": "a\nb",
                    "target\none predicted": "7.1\n\nand more",
                    "<5 uM> predicted": "6",
                    "_hidden": "5",
                    "empty": "",
                },
            ),
            ("CCN", {"name": "$$$$ c", "price": "$$$$"}),
        ]
    )
    with Chem.SDMolSupplier() as supplier:
        supplier.SetData(text)
        first, second = supplier
    assert (first.GetProp("_Name"), second.GetProp("_Name")) == ("a b", " $$$$ c")
    assert second.GetProp("price").strip() == "$$$$"
    assert {
        name: first.GetProp(name)
        for name in first.GetPropNames(includePrivate=True)
        if name != "_Name" and not name.startswith("_Mol")
    } == {
        "target one predicted": "7.1 and more",
        "(5 uM) predicted": "6",
        "_hidden": "5",
        "empty": "",
    }
