"""Grade sheets without a network: an encrypted store on this computer, and the thread that syncs it.

Typed -> dirty (durable here) -> in flight (sealed bytes) -> base, or conflict, or refused. Knows no Qt.
"""
