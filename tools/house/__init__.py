"""Builds and tests all languages of polyspan with the tools each of them uses anyway.

What to read for which question:

question                                   | module
-------------------------------------------|--------------------------------
which suites are there, what do they run   | `suites` (the table)
what does a language need to be built      | `setups` (the table)
which programs must be installed           | `toolchains` (the table)
where do things lie                        | `paths`
what do the child processes see            | `environment`
is a build still fresh                     | `stamp`
how many tests passed                      | `closing` (reads the runners' closing lines)
how is a command run and watched           | `process`
which benches and packages are there       | `bench`, `package`

Adding a suite is one entry in `suites`. Programs of this repository that need built bindings (the demo,
conformance, the fork test) call `prepare` and use `paths`.
"""

from house.ready import Ready, prepare

__all__ = ["Ready", "prepare"]
