"""The command line: thin, each command calls one public function. Needs the extra `cli`."""
