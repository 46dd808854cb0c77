// Where in a JSON text a JSON pointer points. Works on text that is not quite JSON yet, as text being typed is.
import { jsonLanguage } from '@codemirror/lang-json';
import type { SyntaxNode } from '@lezer/common';

export interface Range {
  from: number;
  to: number;
}

const VALUES = new Set(['Object', 'Array', 'String', 'Number', 'True', 'False', 'Null']);

export const isValue = (node: SyntaxNode): boolean => VALUES.has(node.name);

/** The root value of a text, or null where there is none yet. */
export function rootOf(text: string): SyntaxNode | null {
  for (let node = jsonLanguage.parser.parse(text).topNode.firstChild; node; node = node.nextSibling)
    if (isValue(node)) return node;
  return null;
}

/** What a String or PropertyName node says; null where it is cut off. */
export function stringOf(node: SyntaxNode | null, text: string): string | null {
  if (!node || (node.name !== 'String' && node.name !== 'PropertyName')) return null;
  try {
    const parsed: unknown = JSON.parse(text.slice(node.from, node.to));
    return typeof parsed === 'string' ? parsed : null;
  } catch {
    return null;
  }
}

/** The properties of an Object node, in order. */
export function propertiesOf(object: SyntaxNode, text: string) {
  return object.getChildren('Property').map((property) => {
    const name = property.getChild('PropertyName');
    let value: SyntaxNode | null = null;
    for (let node = property.firstChild; node; node = node.nextSibling) if (isValue(node)) value = node;
    return { property, nameNode: name, name: stringOf(name, text), value };
  });
}

/** The items of an Array node. */
export function itemsOf(array: SyntaxNode): SyntaxNode[] {
  const items: SyntaxNode[] = [];
  for (let node = array.firstChild; node; node = node.nextSibling) if (isValue(node)) items.push(node);
  return items;
}

/** The parts of an RFC 6901 pointer. */
export const partsOf = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

/**
 * The range to mark for a problem at `pointer`: a scalar as a whole, of an object or array what names it (marking
 * all its lines would say nothing). What is missing marks its nearest ancestor. `position` is the offset inside
 * the string there.
 */
export function placeOf(text: string, pointer: string, position?: number): Range {
  const root = rootOf(text);
  let name: SyntaxNode | null = null;
  if (!root) return { from: 0, to: Math.min(1, text.length) };
  let node: SyntaxNode = root;
  for (const part of partsOf(pointer)) {
    if (node.name === 'Object') {
      const found = propertiesOf(node, text).find((property) => property.name === part);
      if (!found) break;
      name = found.nameNode;
      if (!found.value) break;
      node = found.value;
    } else if (node.name === 'Array') {
      const item: SyntaxNode | undefined = itemsOf(node)[Number(part)];
      if (!item) break;
      name = null;
      node = item;
    } else break;
  }
  if (node.name !== 'Object' && node.name !== 'Array') return within(node, text, position);
  return name ? { from: name.from, to: name.to } : { from: node.from, to: node.from + 1 };
}

/** From the character at `position` of a string's content to its end; the whole where it has no such character. */
function within(node: SyntaxNode, text: string, position: number | undefined): Range {
  const whole = { from: node.from, to: node.to };
  const content = stringOf(node, text);
  if (position === undefined || content === null || position >= content.length) return whole;
  // Escapes take more room in the text than in the content.
  const offset = JSON.stringify(content.slice(0, position)).length - 1;
  return { from: Math.min(node.from + offset, node.to - 1), to: Math.max(node.to - 1, node.from + 1) };
}
