"""Bringing the data of installed packages and catalog sources into the file, whenever it has changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import msgspec

from modelscan.catalog.answers import Outcome, Validation
from modelscan.catalog.columns import Columns, json_of
from modelscan.catalog.database import Database, Row
from modelscan.catalog.format import Catalog
from modelscan.catalog.installed import Package, package_of
from modelscan.catalog.runs import now, put_run, text_of_moment
from modelscan.catalog.updating import newest, put_provider, told_of, update_provider
from modelscan.catalog.writing_rows import PACKAGE
from modelscan.errors import CatalogError, ConfigurationError, ModelScanError
from modelscan.plugins import Plugins
from modelscan.plugins.notices import told, warn

if TYPE_CHECKING:
    import apsw

    from modelscan.catalog.overlays import Content

_REMEMBERED: Final = 8  # versions of a provider's data: as many environments may share one file without a quarrel


class Importer:
    """Imports a provider's data where it has changed since. Each provider is looked at once, unless asked again."""

    def __init__(self, database: Database, plugins: Callable[[], Plugins]) -> None:
        self._database = database
        self._plugins = plugins
        self._ready: set[str] = set()
        self._sources: dict[str, tuple[str, Mapping[str, Content]]] = {}

    def is_ready(self, provider: str) -> bool:
        """Whether `prepare` has nothing to do."""
        return provider in self._ready

    def prepare(self, provider: str, *, again: bool = False) -> Validation | None:
        """Import what has changed of one provider; None where nothing brings data of it.

        Data that can't be used leaves what was there, and is told of by a warning and by the answer. `again` looks even
        where that was done before.
        """
        if not again and provider in self._ready:
            return None
        with self._database.writing:
            if not again and provider in self._ready:  # another thread has done it meanwhile
                return None
            try:
                result = self._import(provider)
            except (ModelScanError, OSError, UnicodeError) as error:
                result = self._failed(provider, error)
            self._ready.add(provider)
        return result

    def of_sources(self) -> set[str]:
        """The providers that catalog sources give data of; one that fails is told of by a warning."""
        found: set[str] = set()
        with self._database.writing:
            for name in self._plugins().names("catalog_source"):
                try:
                    found.update(self._content(name, self._version(name)))
                except CatalogError as error:
                    warn(told(error))
        return found

    def _import(self, provider: str) -> Validation | None:
        package = package_of(provider)
        versions = {name: self._version(name) for name in self._plugins().names("catalog_source")}
        version = _Version(package.version if package else "", json_of(versions))
        stored = self._stored(provider)
        if stored.has(version):
            return _run(provider, package) if package or stored.is_imported else None
        own = _read(package) if package else None
        catalog = self._overlaid(provider, own, versions)
        if catalog is None:
            return None
        verified = newest(own.sources) if own else ""
        return self._database.write(lambda connection: _written(connection, catalog, package, version, verified))

    def _overlaid(self, provider: str, catalog: Catalog | None, versions: Mapping[str, str]) -> Catalog | None:
        from modelscan.catalog.overlays import overlaid

        for name, version in versions.items():
            content = self._content(name, version)
            if provider in content:
                catalog = overlaid(catalog or Catalog(format=1, provider=provider), name, content[provider])
        return catalog

    def _version(self, name: str) -> str:
        try:
            return self._plugins().catalog_source(name).version()
        except Exception as error:  # somebody else's code: whatever it raises, the catalog goes on
            raise _unusable(name, error) from error

    def _content(self, name: str, version: str) -> Mapping[str, Content]:
        if self._sources.get(name, ("",))[0] != version:
            try:
                self._sources[name] = version, dict(self._plugins().catalog_source(name).read())
            except Exception as error:  # as above
                raise _unusable(name, error) from error
        return self._sources[name][1]

    def _stored(self, provider: str) -> _Stored:
        return self._database.read(lambda connection: _stored_of(connection, provider))

    def _failed(self, provider: str, error: Exception) -> Validation:
        warn(f"the catalog keeps what it had of {provider}: {told(error)}")
        run = Validation(provider=provider, kind="import", outcome="failed", at=now(), problems=(told(error),))
        self._database.write(lambda connection: put_run(connection, run))
        return run


class _Version(msgspec.Struct, frozen=True):
    """What data was made of: the package's version, and those of the catalog sources, as JSON."""

    package: str = ""
    sources: str = "{}"


class _Stored(msgspec.Struct, frozen=True):
    """What was imported last, and which packages were seen, each with when anything in it was last verified."""

    version: _Version = _Version()
    seen: dict[str, str] = {}
    is_imported: bool = False

    def has(self, version: _Version) -> bool:
        """Whether that is what is there, or was and has been superseded: an older environment undoes nothing."""
        known = self.seen.get(version.package)
        return version == self.version if known is None else self.is_newer(version, known, or_equal=True)

    def is_newer(self, version: _Version, verified: str, *, or_equal: bool = False) -> bool:
        """Whether what is there was verified later than that version, with the same catalog sources."""
        ours = self.seen.get(self.version.package, "")
        return version.sources == self.version.sources and (verified < ours or (or_equal and verified == ours))


_STORED: Final = "SELECT version, seen, origin FROM providers WHERE provider = ?"


def _stored_of(connection: apsw.Connection, provider: str) -> _Stored:
    rows: list[Row] = connection.execute(_STORED, (provider,)).fetchall()
    if not rows:
        return _Stored()
    version, seen, origin = rows[0]
    made_of = msgspec.json.decode(version, type=_Version) if version else _Version()
    return _Stored(made_of, msgspec.json.decode(seen, type=dict[str, str]), origin == PACKAGE)


def _read(package: Package) -> Catalog:
    from modelscan.catalog.reading import read

    catalog = read(package.text(), Catalog, name=package.path)
    if catalog.provider != package.provider:
        raise ConfigurationError(f"{package.path} is about {catalog.provider!r}, not {package.provider!r}")
    return catalog


def _written(
    connection: apsw.Connection, catalog: Catalog, package: Package | None, version: _Version, verified: str
) -> Validation:
    """Bring the data in, unless a newer environment has brought in newer data."""
    provider, run = catalog.provider, _run(catalog.provider, package, checked=_count(catalog))
    stored = _stored_of(connection, provider)
    seen = {key: day for key, day in stored.seen.items() if key != version.package} | {version.package: verified}
    remembered: Columns = {"seen": json_of(dict([*seen.items()][-_REMEMBERED:]))}
    at = text_of_moment(run.at)
    if stored.is_newer(version, verified):
        put_provider(connection, provider, remembered, at)
        return run
    changes = update_provider(connection, catalog, at)
    put_provider(connection, provider, {**told_of(catalog), **remembered, "version": json_of(version)}, at)
    more = {"added": changes.added, "changed": changes.changed, "ended": changes.ended}
    outcome: Outcome = "changed" if changes.total else "passed"
    run = msgspec.structs.replace(run, outcome=outcome, changed=changes.total, more=more)
    put_run(connection, run)
    return run


def _run(provider: str, package: Package | None, checked: int = 0) -> Validation:
    source = package.distribution if package else ""
    return Validation(provider=provider, kind="import", outcome="passed", source=source, at=now(), checked=checked)


def _count(catalog: Catalog) -> int:
    limits = sum(len(plan.limits) for plan in catalog.plans)
    prices = sum(len(model.prices) + len(model.factors) + len(model.free) for model in catalog.models)
    return len(catalog.plans) + limits + len(catalog.models) + prices


def _unusable(name: str, error: Exception) -> ModelScanError:
    return CatalogError(f"the catalog source {name!r} failed: {told(error)}", advice="Mend or remove that plugin.")
