"""`--browser`: pages rendered by Chromium, everything they load fetched by the crawler."""
