"""The room of whoever runs the system: is the server well, do its backups restore, how is it set, which keys
seal. The rule a newcomer would get wrong: private keys and restores in earnest are commands on the server's
own machine; a window far away looks, asks for copies and rehearsals, and writes settings.
"""
