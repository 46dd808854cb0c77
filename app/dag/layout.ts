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

export const NODE_WIDTH = 150;
export const NODE_HEIGHT = 46;
const GAP_X = 36;
const GAP_Y = 12;
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

/** An edge as the nodes it passes: over more than one column it gets a place of its own in each column between. */
function route(from: string, to: string, columnOf: Map<string, number>): string[] {
  const [start, end] = [columnOf.get(from) ?? 0, columnOf.get(to) ?? 0];
  const between = Array.from({ length: Math.max(0, end - start - 1) }, (_, i) => `${from} ${to} ${start + 1 + i}`);
  return [from, ...between, to];
}

/** Places every node and draws every edge whose two ends exist. */
export function layoutDag(nodes: readonly DagInput[]): DagLayout {
  const columnOf = columnsOf(nodes);
  const columns: string[][] = [];
  const put = (id: string, column: number) => {
    while (columns.length <= column) columns.push([]);
    columns[column]?.push(id);
  };
  for (const { id } of nodes) put(id, columnOf.get(id) ?? 0);
  const known = new Set(nodes.map(({ id }) => id));
  const routes = nodes.flatMap(({ id, inputs }) =>
    inputs.filter((from) => known.has(from)).map((from) => route(from, id, columnOf)),
  );
  const before = new Map<string, string[]>();
  const after = new Map<string, string[]>();
  for (const stops of routes) {
    for (const [i, stop] of stops.entries()) {
      if (!known.has(stop)) put(stop, (columnOf.get(stops[0] ?? '') ?? 0) + i);
      const next = stops[i + 1];
      if (next === undefined) continue;
      before.set(next, [...(before.get(next) ?? []), stop]);
      after.set(stop, [...(after.get(stop) ?? []), next]);
    }
  }
  const place = new Map<string, number>();
  for (const column of columns) setPlaces(column, place);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    if (sweep % 2 === 0) order(columns, before, place);
    else order(columns.toReversed(), after, place);
  }
  return draw(columns, routes, known);
}

function draw(columns: string[][], routes: string[][], known: Set<string>): DagLayout {
  const rows = Math.max(1, ...columns.map((column) => column.length));
  const height = rows * (NODE_HEIGHT + GAP_Y) - GAP_Y + 2 * PAD;
  const placed = columns.flatMap((column, c) => {
    const top = (height - (column.length * (NODE_HEIGHT + GAP_Y) - GAP_Y)) / 2;
    return column.map((id, r) => ({ id, x: PAD + c * (NODE_WIDTH + GAP_X), y: top + r * (NODE_HEIGHT + GAP_Y) }));
  });
  const at = new Map(placed.map((node) => [node.id, node]));
  const edges = routes.map((stops) => ({
    from: stops[0] ?? '',
    to: stops.at(-1) ?? '',
    path: curve(stops.flatMap((id) => at.get(id) ?? [])),
  }));
  const width = columns.length * (NODE_WIDTH + GAP_X) - GAP_X + 2 * PAD;
  return { width, height, nodes: placed.filter(({ id }) => known.has(id)), edges };
}

/** From the right side of the first stop to the left side of the last, straight through those between. */
function curve(stops: Placed[]): string {
  const [first, ...rest] = stops;
  if (first === undefined) return '';
  let x = first.x + NODE_WIDTH;
  let y = first.y + NODE_HEIGHT / 2;
  let path = `M${x} ${y}`;
  for (const [i, stop] of rest.entries()) {
    const toY = stop.y + NODE_HEIGHT / 2;
    const bend = Math.max(GAP_X / 2, (stop.x - x) / 2);
    path += `C${x + bend} ${y} ${stop.x - bend} ${toY} ${stop.x} ${toY}`;
    x = stop.x + NODE_WIDTH;
    y = toY;
    if (i < rest.length - 1) path += `H${x}`;
  }
  return path;
}
