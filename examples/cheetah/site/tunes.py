"""What the templates show."""

TUNES = {
    "morning": ("Morning Mood", "E. Grieg", 1875),
    "moon": ("Clair de lune", "C. Debussy", 1905),
    "reve": ("Rêverie", "C. Debussy", 1890),
}


def by(composer):
    """Tunes of a composer, or all."""
    return [(key, *tune) for key, tune in TUNES.items() if composer in ("", tune[1])]
