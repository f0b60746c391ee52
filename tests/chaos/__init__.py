"""Random kills while people meddle: real workers, providers that charge, and a judge with its own
books.

    make kills KILLS=500 DATABASE=postgresql SEED=7
    python -m tests.chaos.meddling --kills 15 --database sqlite

`providers` answers oddly, `killing` ends processes at random moments, `people` start, cancel,
retry, give up, decide and change words, `books` compares what the providers charged with the ledger
and with what people have ordered.
"""
