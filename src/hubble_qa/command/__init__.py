"""The command ``hubble-qa``: each subcommand in a module of its own, imported when it is used."""
