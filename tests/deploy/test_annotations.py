"""What a catalogue of charts is told: by what the chart itself holds."""

import yaml
from tests.support.helm import CHART


def test_a_catalogue_is_told_the_licence_and_the_images_of_this_version() -> None:
    described = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    told = described["annotations"]
    tag = values["image"]["tag"] or described["appVersion"]
    services = sorted(path.name for path in (CHART.parents[2] / "services").iterdir() if (path / "Dockerfile").is_file())
    assert yaml.safe_load(told["artifacthub.io/images"]) == [
        {"name": name, "image": f"{values['image']['repository']}/{name}:{tag}"} for name in services
    ]
    assert told["artifacthub.io/license"] == "Apache-2.0"
    assert "Apache License" in (CHART.parents[2] / "LICENSE").read_text(encoding="utf-8")
    assert told["artifacthub.io/prerelease"] == str("-" in described["version"]).lower()
