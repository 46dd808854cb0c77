import type { PipelineDocument } from '#server/ir/index.ts';

export type ParamValue = string | number | boolean | null;

/** The given values over the document's defaults. A null that was given is a value, and stays. */
export function fillParams(
  document: Pick<PipelineDocument, 'parameters'>,
  given: Readonly<Record<string, ParamValue>>,
): Record<string, ParamValue> {
  const defaults = Object.entries(document.parameters).map(([name, parameter]) => [name, parameter.default] as const);
  return { ...Object.fromEntries(defaults), ...given };
}
