"""Writes the ``.meta`` files of the Unity package.

Unity cannot make them in a package that it has downloaded, and every reference to an asset is by the GUID in
its ``.meta``. So they are made here, from nothing but the asset's path: a second writing changes nothing.

    python3 tests/unity/meta.py [PACKAGE]
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "unity-plugin"

_TAIL = "  userData:\n  assetBundleName:\n  assetBundleVariant:\n"
_PLAIN = "  externalObjects: {}\n" + _TAIL


class Target(NamedTuple):
    """Where a native library may be loaded."""

    platform: str
    """Unity's name of the build target, as it stands in ``platformData``."""
    cpu: str
    editor_os: str
    """The editor that may load it too; empty for none."""


PLUGIN_TARGETS = {
    "Linux/x86_64": Target("Standalone: Linux64", "x86_64", "Linux"),
    "Windows/x86_64": Target("Standalone: Win64", "x86_64", "Windows"),
    "macOS": Target("Standalone: OSXUniversal", "AnyCPU", "OSX"),
    "Android/arm64-v8a": Target("Android: Android", "ARM64", ""),
    "Android/armeabi-v7a": Target("Android: Android", "ARMv7", ""),
    "Android/x86_64": Target("Android: Android", "X86_64", ""),
    "iOS": Target("iPhone: iOS", "AnyCPU", ""),
}
"""By folder under ``Runtime/Plugins``."""

PLUGIN_SUFFIXES = {".so", ".dll", ".dylib", ".bundle", ".a"}

_TEXT = {".md", ".xml", ".json", ".txt"}


def assets(package: Path) -> list[Path]:
    """All files and folders that Unity imports: no metas, nothing hidden, nothing under ``x~``."""
    found = []
    for path in sorted(package.rglob("*")):
        parts = path.relative_to(package).parts
        if path.suffix == ".meta" or any(part.startswith(".") or part.endswith("~") for part in parts):
            continue
        found.append(path)
    return found


def meta_path(asset: Path) -> Path:
    """Where the meta of an asset stands."""
    return asset.with_name(asset.name + ".meta")


def guid(relative: str) -> str:
    """The GUID of an asset: a function of its path in the package, with slashes."""
    return hashlib.md5(f"polyspan:{relative}".encode(), usedforsecurity=False).hexdigest()


def render(package: Path, asset: Path) -> str:
    """The meta of an asset."""
    relative = asset.relative_to(package).as_posix()
    return f"fileFormatVersion: 2\nguid: {guid(relative)}\n{_importer(relative, asset)}"


def plugin_target(relative: str) -> Target:
    """What a native library is for, by the folder it lies in."""
    folder = str(Path(relative).parent.relative_to("Runtime/Plugins").as_posix())
    if folder not in PLUGIN_TARGETS:
        message = (
            f"{relative}: no build target is known for Runtime/Plugins/{folder}; add it to PLUGIN_TARGETS"
        )
        raise ValueError(message)
    return PLUGIN_TARGETS[folder]


def _importer(relative: str, asset: Path) -> str:
    if asset.is_dir():
        return "folderAsset: yes\nDefaultImporter:\n" + _PLAIN
    if asset.suffix in PLUGIN_SUFFIXES:
        return _plugin(plugin_target(relative))
    if asset.suffix == ".cs":
        return (
            "MonoImporter:\n  externalObjects: {}\n  serializedVersion: 2\n  defaultReferences: []\n"
            "  executionOrder: 0\n  icon: {instanceID: 0}\n" + _TAIL
        )
    if asset.suffix == ".asmdef":
        return "AssemblyDefinitionImporter:\n" + _PLAIN
    if relative == "package.json":
        return "PackageManifestImporter:\n" + _PLAIN
    if asset.suffix in _TEXT:
        return "TextScriptImporter:\n" + _PLAIN
    message = f"{relative}: no importer is known for {asset.suffix or 'files without an ending'}"
    raise ValueError(message)


def _plugin(target: Target) -> str:
    editor = int(bool(target.editor_os))
    lines = [
        "PluginImporter:",
        "  externalObjects: {}",
        "  serializedVersion: 2",
        "  iconMap: {}",
        "  executionOrder: {}",
        "  defineConstraints: []",
        "  isPreloaded: 0",
        "  isOverridable: 0",
        "  isExplicitlyReferenced: 0",
        "  validateReferences: 1",
        "  platformData:",
    ]
    # "Any" off: a platform that is not named gets no library of another one.
    lines += _platform("Any:", 0, {})
    lines += _platform(
        "Editor: Editor",
        editor,
        {"CPU": target.cpu, "DefaultValueInitialized": "true", "OS": target.editor_os or "AnyOS"},
    )
    settings = {"CPU": target.cpu}
    if target.platform.startswith("Android"):
        settings["Is16KbAligned"] = "true"
    if target.platform.startswith("iPhone"):
        settings["AddToEmbeddedBinaries"] = "false"
    lines += _platform(target.platform, 1, settings)
    return "\n".join(lines) + "\n" + _TAIL


def _platform(name: str, enabled: int, settings: dict[str, str]) -> list[str]:
    lines = ["  - first:", f"      {name}", "    second:", f"      enabled: {enabled}"]
    if not settings:
        return [*lines, "      settings: {}"]
    return [*lines, "      settings:", *(f"        {key}: {value}" for key, value in settings.items())]


def write(package: Path) -> int:
    """Writes all metas, removes those whose asset is gone; returns how many files changed."""
    changed = 0
    wanted = {meta_path(asset): render(package, asset) for asset in assets(package)}
    for path, text in wanted.items():
        if not path.is_file() or path.read_text() != text:
            path.write_text(text, newline="\n")
            changed += 1
    for path in package.rglob("*.meta"):
        if path not in wanted:
            path.unlink()
            changed += 1
    return changed


if __name__ == "__main__":
    print(f"{write(Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE)} files changed")
