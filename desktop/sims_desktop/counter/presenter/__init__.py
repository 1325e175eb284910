"""What the counter decides, without Qt: `desk` finds and says how a student stands, `paper` brings out
sealed sheets, `verification` judges what is brought."""
