"""How long pointers rested on which elements, by Python deltalake and Arrow: read_with_deltalake.py STORE_FOLDER

The folder is the one of `--store file://…` (`make demo`: .demo/store); 's3://bucket/prefix' works too, with
`storage_options`. Only the columns and files that the filter asks for are read.
Needs: pip install deltalake pyarrow
"""

import sys

from deltalake import DeltaTable
from pyarrow.dataset import field

store = sys.argv[1]
events = DeltaTable(f"{store}/warehouse/events").to_pyarrow_dataset()

hovers = events.to_table(columns=["element_path", "duration_ms"], filter=field("type") == "element_leave")
longest = hovers.group_by("element_path").aggregate([("duration_ms", "sum"), ("duration_ms", "count")])
for row in longest.sort_by([("duration_ms_sum", "descending")]).slice(0, 10).to_pylist():
    print(f"{row['duration_ms_sum'] or 0:10.0f} ms in {row['duration_ms_count']:5} hovers of {row['element_path']}")
print(events.count_rows(), "events")
