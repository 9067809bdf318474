"""What plugin authors run: the template, the definition of a provider in one file, the check of a whole plugin.

Nothing that users run imports it, but for the two commands `modelscan new` and `modelscan lint-plugin`. It wants the
extra `dev`.
"""
