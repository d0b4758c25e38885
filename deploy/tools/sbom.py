#!/usr/bin/env python3
"""Writes what our programs are built from as a CycloneDX 1.6 bill of materials.

    sbom.py FILE

It is what Cargo.lock pins and cargo says of it: every crate that is compiled into a program, with its version, licence, checksum
and what it depends on. Crates that only tests use are marked as excluded. The same lock gives the same file, byte for byte.
"""

import json
import pathlib
import subprocess
import sys
import tomllib


def main(path: str) -> None:
    root = pathlib.Path(__file__).resolve().parents[2]
    command = ["cargo", "metadata", "--locked", "--format-version", "1"]
    metadata = json.loads(subprocess.run(command, cwd=root, check=True, capture_output=True).stdout)
    lock = tomllib.loads((root / "Cargo.lock").read_text())
    checksums = {(known["name"], known["version"]): known.get("checksum") for known in lock["package"]}
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}

    def needed(node: dict, kinds: tuple) -> list[str]:
        return [
            dependency["pkg"]
            for dependency in node["deps"]
            if any(kind["kind"] in kinds for kind in dependency["dep_kinds"])
        ]

    ours = [member for member in metadata["workspace_members"] if packages[member]["name"] not in TEST_ONLY]
    shipped, waiting = set(), list(ours)
    while waiting:
        package = waiting.pop()
        if package not in shipped:
            shipped.add(package)
            waiting += needed(nodes[package], (None, "build"))

    def component(package: dict) -> dict:
        name, version = package["name"], package["version"]
        checksum = checksums.get((name, version))
        entry = {
            "type": "library",
            "bom-ref": reference(package),
            "name": name,
            "version": version,
            "purl": f"pkg:cargo/{name}@{version}",
            "scope": "required" if package["id"] in shipped else "excluded",
        }
        if package.get("license"):
            entry["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
        if checksum:
            entry["hashes"] = [{"alg": "SHA-256", "content": checksum}]
        return entry

    def reference(package: dict) -> str:
        return f"{package['name']}@{package['version']}"

    known = sorted(packages.values(), key=reference)
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": "huying", "name": "huying"}},
        "components": [component(package) for package in known],
        "dependencies": [
            {
                "ref": reference(package),
                "dependsOn": sorted({reference(packages[one]) for one in needed(nodes[package["id"]], (None, "build"))}),
            }
            for package in known
        ],
    }
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(bill, indent=1, ensure_ascii=False) + "\n")
    print(f"{path}: {len(shipped)} crates are built into our programs, {len(known) - len(shipped)} are for tests alone")


# Ours that no program is built from.
TEST_ONLY = {"huying-tests", "world", "testkit"}

if __name__ == "__main__":
    main(sys.argv[1])
