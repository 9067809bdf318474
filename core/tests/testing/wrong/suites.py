"""The suite for each of them, written as an author would; `test_wrong_plugins` runs this file by itself."""

from __future__ import annotations

from modelscan.testing.conformance import (
    CacheSuite,
    FilterSuite,
    HooksSuite,
    LimiterSuite,
    ProviderSuite,
    StoreSuite,
    StrategySuite,
    TokenizerSuite,
)

from . import (
    blocks,
    bounds_too_low,
    breaks_on_a_new_event,
    breaks_on_null,
    changes_the_request,
    drops_a_field,
    goes_elsewhere,
    ignores_a_cut,
    is_random,
    leaks_the_key,
    loses_the_last_event,
    loses_the_words,
    misnames_errors,
    opens_a_socket,
    policies,
    reads_the_key_at_import,
    shows_the_key,
    splits_utf8,
    streams_another_answer,
    swallows_an_error,
    swallows_an_error_in_mid_stream,
    swaps_usage,
    writes_another_word,
)


class TestBlocks(ProviderSuite):
    provider = blocks.modelscan_provider()
    module = blocks.__name__


class TestBreaksOnNull(ProviderSuite):
    provider = breaks_on_null.modelscan_provider()
    module = breaks_on_null.__name__


class TestChangesTheRequest(ProviderSuite):
    provider = changes_the_request.modelscan_provider()
    module = changes_the_request.__name__


class TestDropsAField(ProviderSuite):
    provider = drops_a_field.modelscan_provider()
    module = drops_a_field.__name__


class TestIgnoresACut(ProviderSuite):
    provider = ignores_a_cut.modelscan_provider()
    module = ignores_a_cut.__name__


class TestIsRandom(ProviderSuite):
    provider = is_random.modelscan_provider()
    module = is_random.__name__


class TestLeaksTheKey(ProviderSuite):
    provider = leaks_the_key.modelscan_provider()
    module = leaks_the_key.__name__


class TestLosesTheLastEvent(ProviderSuite):
    provider = loses_the_last_event.modelscan_provider()
    module = loses_the_last_event.__name__


class TestOpensASocket(ProviderSuite):
    provider = opens_a_socket.modelscan_provider()
    module = opens_a_socket.__name__


class TestSplitsUtf8(ProviderSuite):
    provider = splits_utf8.modelscan_provider()
    module = splits_utf8.__name__


class TestSwallowsAnError(ProviderSuite):
    provider = swallows_an_error.modelscan_provider()
    module = swallows_an_error.__name__


class TestSwallowsAnErrorInMidStream(ProviderSuite):
    provider = swallows_an_error_in_mid_stream.modelscan_provider()
    module = swallows_an_error_in_mid_stream.__name__


class TestSwapsUsage(ProviderSuite):
    provider = swaps_usage.modelscan_provider()
    module = swaps_usage.__name__


class TestEternalCache(CacheSuite):
    cache = policies.EternalCache


class TestInventiveStrategy(StrategySuite):
    strategy = policies.InventiveStrategy


class TestGuessingTokenizer(TokenizerSuite):
    tokenizer = policies.GuessingTokenizer()
    models = ("guess",)


class TestWorstFirstStore(StoreSuite):
    store = policies.WorstFirstStore


class TestForgetfulFilter(FilterSuite):
    filter = policies.ForgetfulFilter
    catches = ("Mellon",)


class TestImpatientLimiter(LimiterSuite):
    limiter = policies.ImpatientLimiter


class TestBoastfulLimiter(LimiterSuite):
    limiter = "unlimited"
    counts = True


class TestClumsyHooks(HooksSuite):
    hooks = policies.ClumsyHooks()


class TestGoesElsewhere(ProviderSuite):
    provider = goes_elsewhere.modelscan_provider()
    module = goes_elsewhere.__name__


class TestMisnamesErrors(ProviderSuite):
    provider = misnames_errors.modelscan_provider()
    module = misnames_errors.__name__


class TestLosesTheWords(ProviderSuite):
    provider = loses_the_words.modelscan_provider()
    module = loses_the_words.__name__


class TestBreaksOnANewEvent(ProviderSuite):
    provider = breaks_on_a_new_event.modelscan_provider()
    module = breaks_on_a_new_event.__name__


class TestBoundsTooLow(ProviderSuite):
    provider = bounds_too_low.modelscan_provider()
    module = bounds_too_low.__name__


class TestReadsTheKeyAtImport(ProviderSuite):
    provider = reads_the_key_at_import.modelscan_provider()
    module = reads_the_key_at_import.__name__


class TestShowsTheKey(ProviderSuite):
    provider = shows_the_key.modelscan_provider()
    module = shows_the_key.__name__


class TestStreamsAnotherAnswer(ProviderSuite):
    provider = streams_another_answer.modelscan_provider()
    module = streams_another_answer.__name__


class TestWritesAnotherWord(ProviderSuite):
    provider = writes_another_word.modelscan_provider()
    module = writes_another_word.__name__
    schemas = staticmethod(lambda: {"chat": writes_another_word.SCHEMA})
