import { useEffect, useState } from 'react';
import type { JsonSchema } from './schema-options.ts';

/** The document's schema; null until it is there, and without it there is no completion and nothing else missing. */
export function useSchema(): JsonSchema | null {
  const [schema, setSchema] = useState<JsonSchema | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    fetch('/api/v1/pipeline.schema.json', { signal: abort.signal })
      .then((response) => (response.ok ? (response.json() as Promise<JsonSchema>) : null))
      .then(setSchema, () => undefined);
    return () => abort.abort();
  }, []);
  return schema;
}
