// Where each node of a pipeline is drawn: columns by longest path from a source, order within a column by the
// mean place of a node's neighbours. Good for the tens of nodes that a pipeline has.

export interface DagInput {
  id: string;
  inputs: readonly string[];
}
export interface Placed {
  id: string;
  x: number;
  y: number;
}
export interface Edge {
  from: string;
  to: string;
  path: string;
}
export interface DagLayout {
  width: number;
  height: number;
  nodes: Placed[];
  edges: Edge[];
}

export const NODE_WIDTH = 164;
export const NODE_HEIGHT = 46;
const GAP_X = 44;
const GAP_Y = 16;
/** Room around the drawing, so that focus rings are not cut. */
const PAD = 4;
/** Passes left to right and back that settle the order; more changed nothing on graphs of 40 nodes. */
const SWEEPS = 4;

/** Column of each node. A cycle (refused at save, but drafts are drawn too) ends the walk and not the page. */
function columnsOf(nodes: readonly DagInput[]): Map<string, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const columns = new Map<string, number>();
  const visit = (id: string, path: Set<string>): number => {
    const known = columns.get(id);
    if (known !== undefined) return known;
    const node = byId.get(id);
    if (node === undefined || path.has(id)) return -1;
    path.add(id);
    const column = 1 + Math.max(-1, ...node.inputs.map((input) => visit(input, path)));
    path.delete(id);
    columns.set(id, column);
    return column;
  };
  for (const { id } of nodes) visit(id, new Set());
  return columns;
}

function setPlaces(column: string[], place: Map<string, number>): void {
  for (const [row, id] of column.entries()) place.set(id, row);
}

function order(columns: string[][], neighbours: Map<string, string[]>, place: Map<string, number>): void {
  for (const column of columns) {
    const mean = (id: string): number => {
      const places = (neighbours.get(id) ?? []).map((other) => place.get(other) ?? 0);
      return places.length === 0 ? (place.get(id) ?? 0) : places.reduce((a, b) => a + b, 0) / places.length;
    };
    const means = new Map(column.map((id) => [id, mean(id)]));
    column.sort((a, b) => (means.get(a) ?? 0) - (means.get(b) ?? 0));
    setPlaces(column, place);
  }
}

/** Places every node and draws every edge whose two ends exist. */
export function layoutDag(nodes: readonly DagInput[]): DagLayout {
  const columnOf = columnsOf(nodes);
  const columns: string[][] = [];
  for (const { id } of nodes) {
    const column = columnOf.get(id) ?? 0;
    while (columns.length <= column) columns.push([]);
    columns[column]?.push(id);
  }
  const known = new Set(nodes.map(({ id }) => id));
  const links = nodes.flatMap(({ id, inputs }) =>
    inputs.filter((from) => known.has(from)).map((from) => ({ from, to: id })),
  );
  const before = new Map<string, string[]>();
  const after = new Map<string, string[]>();
  for (const { from, to } of links) {
    before.set(to, [...(before.get(to) ?? []), from]);
    after.set(from, [...(after.get(from) ?? []), to]);
  }
  const place = new Map<string, number>();
  for (const column of columns) setPlaces(column, place);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    if (sweep % 2 === 0) order(columns, before, place);
    else order(columns.toReversed(), after, place);
  }
  const rows = Math.max(1, ...columns.map((column) => column.length));
  const height = rows * (NODE_HEIGHT + GAP_Y) - GAP_Y + 2 * PAD;
  const placed = columns.flatMap((column, c) => {
    const top = (height - (column.length * (NODE_HEIGHT + GAP_Y) - GAP_Y)) / 2;
    return column.map((id, r) => ({ id, x: PAD + c * (NODE_WIDTH + GAP_X), y: top + r * (NODE_HEIGHT + GAP_Y) }));
  });
  const at = new Map(placed.map((node) => [node.id, node]));
  const edges = links.flatMap(({ from, to }) => {
    const a = at.get(from);
    const b = at.get(to);
    return a && b ? [{ from, to, path: curve(a, b) }] : [];
  });
  return { width: columns.length * (NODE_WIDTH + GAP_X) - GAP_X + 2 * PAD, height, nodes: placed, edges };
}

function curve(a: Placed, b: Placed): string {
  const [x1, y1, x2, y2] = [a.x + NODE_WIDTH, a.y + NODE_HEIGHT / 2, b.x, b.y + NODE_HEIGHT / 2];
  const bend = Math.max(GAP_X / 2, (x2 - x1) / 2);
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}
