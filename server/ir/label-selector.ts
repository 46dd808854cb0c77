// `key:value` or `key`, as filters, tenants' settings and pages write which labels they mean.

/** `value` null: any value. */
export type LabelSelector = { key: string; value: string | null };

/** Every text is a selector; one whose key is no label's selects nothing. */
export function parseLabelSelector(text: string): LabelSelector {
  const colon = text.indexOf(':');
  return colon < 0 ? { key: text, value: null } : { key: text.slice(0, colon), value: text.slice(colon + 1) };
}

/** Whether these labels have what the selector asks for. */
export function hasLabel(labels: Readonly<Record<string, string>>, { key, value }: LabelSelector): boolean {
  return Object.hasOwn(labels, key) && (value === null || labels[key] === value);
}
