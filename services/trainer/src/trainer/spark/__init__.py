"""Spark: reads tables of molecules and writes Parquet. The only package that knows pyspark."""
