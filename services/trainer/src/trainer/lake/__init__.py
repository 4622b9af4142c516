"""The lake: Spark reads what users give and writes the store's tables. The only part that knows pyspark."""
