// A connection's form as the API takes it. What is left empty is not sent, so that the API's own defaults hold.
import type { ConnectionKind, ConnectionParts } from '#server/web/index.ts';
import { KIND_FORMS, type KindField } from './kinds.ts';

/** What a person has to put right; its message is for them. */
export class FormProblem extends Error {}

const fieldText = (form: FormData, name: string): string => {
  const value = form.get(name);
  return typeof value === 'string' ? value.trim() : '';
};

/**
 * Fields are called `config.<name>` and `secrets.<name>`. A secret whose `drop.<name>` is set becomes null.
 * @throws FormProblem
 */
export function readParts(kind: ConnectionKind, form: FormData): ConnectionParts {
  const { config, secrets } = KIND_FORMS[kind];
  const given: ConnectionParts = { config: {}, secrets: {} };
  for (const field of config) {
    const value = readField(field, form);
    if (value !== undefined) given.config[field.name] = value;
  }
  for (const { name } of secrets) {
    // Not trimmed inside: a secret may hold spaces, and what surrounds it was pasted with it.
    const value = fieldText(form, `secrets.${name}`);
    if (value !== '') given.secrets[name] = value;
    else if (form.get(`drop.${name}`) !== null) given.secrets[name] = null;
  }
  return given;
}

function readField({ name, label, type }: KindField, form: FormData): unknown {
  const text = fieldText(form, `config.${name}`);
  if (type === 'check') return form.get(`config.${name}`) !== null;
  if (text === '') return undefined;
  if (type === 'number') {
    if (!/^\d{1,9}$/.test(text)) throw new FormProblem(`${label} must be a whole number; it is "${text}".`);
    return Number(text);
  }
  if (type !== 'lines') return text;
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return name === 'brokers' ? lines.map(readBroker) : Object.fromEntries(lines.map(readHeader));
}

function readBroker(line: string): { host: string; port: number } {
  const found = /^\[?([^[\]\s]+?)\]?:(\d{1,5})$/.exec(line);
  if (!found) throw new FormProblem(`A broker is written as host:port; "${line}" is not.`);
  return { host: found[1]!, port: Number(found[2]) };
}

function readHeader(line: string): [string, string] {
  const at = line.indexOf(':');
  if (at < 1) throw new FormProblem(`A header is written as Name: value; "${line}" is not.`);
  return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
}
