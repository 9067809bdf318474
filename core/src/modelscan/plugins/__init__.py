"""Plugins: found by entry points, imported one by one when they are first needed, and kept from hurting each other."""

from modelscan.contracts.plugins import PluginRecord as PluginRecord
from modelscan.contracts.plugins import PluginState as PluginState
from modelscan.plugins.frozen import Hooks as Hooks
from modelscan.plugins.frozen import WatchedAttempt as WatchedAttempt
from modelscan.plugins.frozen import WatchedCall as WatchedCall
from modelscan.plugins.loading import Patience as Patience
from modelscan.plugins.registry import Plugins as Plugins
