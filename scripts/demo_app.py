"""The demo's program: a small report with the libraries that such programs really import."""
import hashlib
import json
import sqlite3
import ssl

import cryptography
import numpy
import pandas
import requests
import sqlalchemy
import yaml

frame = pandas.DataFrame({"x": numpy.arange(1000), "y": numpy.sin(numpy.arange(1000))})
engine = sqlalchemy.create_engine("sqlite://")
frame.to_sql("samples", engine, index=False)
with engine.connect() as connection:
    rows = connection.execute(sqlalchemy.text("select count(*) from samples where y > 0")).scalar()
report = {
    "rows": rows,
    "mean": round(float(frame.y.mean()), 6),
    "libraries": {module.__name__: module.__version__ for module in (numpy, pandas, requests, sqlalchemy, cryptography, yaml)},
    "sqlite": sqlite3.sqlite_version,
    "tls": ssl.OPENSSL_VERSION,
}
text = json.dumps(report, indent=1)
print(text)
print("sha256", hashlib.sha256(text.encode()).hexdigest())
