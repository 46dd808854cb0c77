/** What a new pipeline begins with: the least that a document needs, with the places to fill in. */
export const TEMPLATE = `{
  "kind": "pipeline",
  "version": "1.0",
  "metadata": { "name": "my-pipeline", "description": "", "owner": "", "labels": {} },
  "schedule": { "kind": "cron", "expression": "0 6 * * *", "timezone": "UTC" },
  "nodes": [
    { "id": "rows", "kind": "source", "config": { "type": "table", "table": "" } },
    {
      "id": "kept",
      "kind": "target",
      "inputs": ["rows"],
      "config": { "type": "table", "table": "", "mode": "append" }
    }
  ]
}
`;
