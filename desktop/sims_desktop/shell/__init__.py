"""The frame around every desk: sign-in, window, navigation, status in words."""
