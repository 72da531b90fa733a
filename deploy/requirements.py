"""Print what a wheel of fashion-cli needs to serve, without torch. Called with the wheel and the names of extras."""

import email
import re
import sys
import zipfile
from collections.abc import Sequence

LEFT_OUT = ("torch", "torchvision")


def requirements(wheel: str, extras: Sequence[str]) -> list[str]:
    """The requirements of a wheel and of some of its extras, as pip takes them."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(archive.read(name))
    needed = []
    for line in metadata.get_all("Requires-Dist", []):
        requirement, _, marker = line.partition(";")
        extra = re.search(r"extra == ['\"](\w+)['\"]", marker)
        if (not extra or extra[1] in extras) and re.split(r"[\W_]", requirement.strip())[0] not in LEFT_OUT:
            needed.append(requirement.strip())
    return needed


if __name__ == "__main__":
    print("\n".join(requirements(sys.argv[1], sys.argv[2:])))
