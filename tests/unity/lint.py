"""Checks the Unity package for what Unity would only say, or not even say, after the import.

python3 tests/unity/lint.py [PACKAGE]
"""

from __future__ import annotations

import json
import re
import struct
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import meta

_MACHINES = {62: "x86_64", 183: "ARM64", 40: "ARMv7"}
_EXPECTED_CPU = {"x86_64": "x86_64", "X86_64": "x86_64", "ARM64": "ARM64", "ARMv7": "ARMv7"}
_ANDROID_PAGE = 16384

_FORBIDDEN = {
    r"System\.Reflection\.Emit": "IL2CPP cannot make code at run time",
    r"\bLibraryImport\b": "Unity has no source generator for it",
    r"\bUnmanagedCallersOnly\b|\bMonoPInvokeCallback\b": "native code never calls back",
    r"InteropServices\.NativeLibrary": "not in .NET Standard 2.1",
    r"System\.Diagnostics\.Activity": "Unity does not have System.Diagnostics.DiagnosticSource",
    r"System\.Text\.Json|Newtonsoft": "the package has no managed dependencies",
    r"\bdynamic\b ": "IL2CPP has no dynamic binder",
}


def problems(package: Path) -> list[str]:
    """Everything that is wrong with the package, a sentence each."""
    return [
        *_metas(package),
        *_manifest(package),
        *_assemblies(package),
        *_link_xml(package),
        *_sources(package),
        *_plugins(package),
    ]


def _metas(package: Path) -> list[str]:
    found = []
    assets = meta.assets(package)
    guids: Counter[str] = Counter()
    for asset in assets:
        name = asset.relative_to(package).as_posix()
        path = meta.meta_path(asset)
        if not path.is_file():
            found.append(f"{name} has no .meta; run tests/unity/meta.py")
            continue
        text = path.read_text()
        guids.update(re.findall(r"^guid: (\S+)$", text, re.MULTILINE))
        if text != meta.render(package, asset):
            found.append(f"{name}.meta is not what tests/unity/meta.py writes")
    found += [f"GUID {guid} is used {count} times" for guid, count in guids.items() if count > 1]
    known = {meta.meta_path(asset) for asset in assets}
    found += [
        f"{path.relative_to(package).as_posix()} belongs to no asset"
        for path in sorted(package.rglob("*.meta"))
        if path not in known
    ]
    return found


def _manifest(package: Path) -> list[str]:
    found = []
    manifest: dict[str, Any] = json.loads((package / "package.json").read_text())
    fields = ("name", "version", "displayName", "description", "unity")
    found += [
        f"package.json: {field} is missing" for field in fields if not isinstance(manifest.get(field), str)
    ]
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+){2,}", manifest.get("name", "")):
        found.append("package.json: name must be a reverse domain name in lower case")
    workspace = re.search(r'^version = "(.+)"', (meta.ROOT / "Cargo.toml").read_text(), re.MULTILINE)
    if workspace and manifest.get("version") != workspace[1]:
        found.append(f"package.json: version is {manifest.get('version')}, the workspace's is {workspace[1]}")
    if not re.fullmatch(r"20\d\d\.\d", manifest.get("unity", "")):
        found.append("package.json: unity must be a version such as 2021.3")
    found += [
        f"{name} is missing"
        for name in ("README.md", "CHANGELOG.md", "LICENSE.md")
        if not (package / name).is_file()
    ]
    return found


def _assembly_definitions(package: Path) -> dict[str, dict[str, Any]]:
    read = (json.loads(path.read_text()) for path in package.rglob("*.asmdef"))
    return {definition["name"]: definition for definition in read}


def _assemblies(package: Path) -> list[str]:
    found = []
    definitions = _assembly_definitions(package)
    for name, definition in definitions.items():
        found += [
            f"{name}.asmdef refers to {other}, which the package does not have"
            for other in definition["references"]
            if other not in definitions
        ]
    for path in package.rglob("*.cs"):
        owners = [
            folder
            for folder in path.parents
            if folder.is_relative_to(package) and list(folder.glob("*.asmdef"))
        ]
        if not owners:
            found.append(f"{path.relative_to(package).as_posix()} is in no assembly definition")
    editor = definitions.get("Polyspan.Unity.Editor", {})
    if editor.get("includePlatforms") != ["Editor"]:
        found.append("Polyspan.Unity.Editor.asmdef must be for the editor only")
    return found


def _link_xml(package: Path) -> list[str]:
    found = []
    text = (package / "Runtime/link.xml").read_text()
    sources = "\n".join(path.read_text() for path in (package / "Runtime").rglob("*.cs"))
    definitions = _assembly_definitions(package)
    found += [
        f"link.xml names assembly {assembly}, which the package does not have"
        for assembly in re.findall(r'<assembly fullname="([^"]+)"', text)
        if assembly not in definitions
    ]
    found += [
        f"link.xml names namespace {namespace}, which no source has"
        for namespace in re.findall(r'<namespace fullname="([^"]+)"', text)
        if not re.search(rf"^namespace {re.escape(namespace)}$", sources, re.MULTILINE)
    ]
    found += [
        f"link.xml names type {name}, which no source has"
        for name in re.findall(r'<type fullname="([^"]+)"', text)
        if not re.search(rf"\b(class|struct|enum) {re.escape(name.rsplit('.', 1)[1])}\b", sources)
    ]
    return found


def _sources(package: Path) -> list[str]:
    found = []
    for path in sorted(package.rglob("*.cs")):
        text = re.sub(r"//.*", "", path.read_text())
        name = path.relative_to(package).as_posix()
        found += [
            f"{name} uses {pattern}: {why}" for pattern, why in _FORBIDDEN.items() if re.search(pattern, text)
        ]
        names = set(re.findall(r'DllImport\("?([^",]+)', text))
        if names - {"__DllName"}:
            found.append(f"{name} imports from {sorted(names)}; all imports must use the one constant")
    return found


def _plugins(package: Path) -> list[str]:
    found = []
    for path in sorted((package / "Runtime").rglob("*")):
        if path.suffix not in meta.PLUGIN_SUFFIXES:
            continue
        name = path.relative_to(package).as_posix()
        try:
            target = meta.plugin_target(name)
        except ValueError as unknown:
            found.append(str(unknown))
            continue
        found += [f"{name}: {problem}" for problem in _flags(meta.meta_path(path), target)]
        if path.suffix == ".so":
            found += [f"{name}: {problem}" for problem in _elf(path.read_bytes(), target)]
    return found


def _flags(path: Path, target: meta.Target) -> list[str]:
    """No platform but the folder's own may load the file: a mistake that known packages have shipped."""
    if not path.is_file():
        return []
    found = []
    platforms = re.findall(r"- first:\n\s+(.+)\n\s+second:\n\s+enabled: (\d)", path.read_text())
    for platform, enabled in platforms:
        allowed = platform == target.platform or (platform == "Editor: Editor" and target.editor_os)
        if enabled == "1" and not allowed:
            found.append(f"is enabled for {platform}")
    if (target.platform, "1") not in platforms:
        found.append(f"is not enabled for {target.platform}")
    return found


def _elf(content: bytes, target: meta.Target) -> list[str]:
    if content[:4] != b"\x7fELF":
        return ["is no ELF file"]
    found = []
    machine = _MACHINES.get(struct.unpack_from("<H", content, 18)[0], "unknown")
    if machine != _EXPECTED_CPU[target.cpu]:
        found.append(f"is built for {machine}, its folder is for {target.cpu}")
    if target.platform.startswith("Android") and content[4] == 2:
        offset, size, count = (
            struct.unpack_from("<Q", content, 32)[0],
            *struct.unpack_from("<HH", content, 54),
        )
        headers = (content[offset + i * size : offset + (i + 1) * size] for i in range(count))
        aligns = [
            struct.unpack_from("<Q", header, 48)[0]
            for header in headers
            if struct.unpack_from("<I", header)[0] == 1
        ]
        if min(aligns, default=0) < _ANDROID_PAGE:
            found.append("is not aligned to pages of 16 KiB (link with -z max-page-size=16384)")
    return found


if __name__ == "__main__":
    wrong = problems(Path(sys.argv[1]) if len(sys.argv) > 1 else meta.PACKAGE)
    print("\n".join(wrong) or "the package is in order")
    sys.exit(bool(wrong))
