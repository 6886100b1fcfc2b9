"""The operator: watches custom resources, decides, and acts."""
