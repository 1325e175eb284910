"""Acts on one student's page: seats taken and left, orders about the registration, who the person is.

The rule a newcomer would get wrong: what was typed stays where it is until the server has said yes.
"""
