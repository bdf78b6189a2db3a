"""Published dumps, fetched: one resumable downloader, and one file per publisher that says what there is.

Nothing here is imported by any other command.
"""

from tickwright.download.binance import binance
from tickwright.download.bybit import bybit
from tickwright.download.fetch import DownloadReport, FileReport, Settings
from tickwright.download.okx import okx

__all__ = ["DownloadReport", "FileReport", "Settings", "binance", "bybit", "okx"]
