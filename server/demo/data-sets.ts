// The real data behind the demo, from the vega-datasets package, cut into slices that arrive one at a time.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** The package exports no data by name; its entry stands in build/, beside data/. */
const read = (name: string) =>
  readFile(fileURLToPath(new URL(`../data/${name}`, import.meta.resolve('vega-datasets'))), 'utf8');

/** Lines of airports.csv without its header. */
export async function airportRows(): Promise<string[][]> {
  const { parse } = await import('csv-parse/sync');
  const rows: string[][] = parse(await read('airports.csv'), { relax_column_count: true });
  return rows.slice(1).filter((row) => row.length === 7);
}

export type DataSet = {
  /** The inbox folder that its files arrive in. */
  inbox: string;
  extension: 'csv' | 'ndjson';
  header: string | null;
  lines: string[];
  /** Lines in one file. */
  sliceLines: number;
};

/** The three data sets that arrive as files. Their dirt is their own. */
export async function fileDataSets(): Promise<DataSet[]> {
  type Flight = { date: string; delay: number; distance: number; origin: string; destination: string };
  const flights = JSON.parse(await read('flights-5k.json')) as Flight[];
  const [header = '', ...weather] = (await read('seattle-weather.csv')).trimEnd().split(/\r?\n/);
  const movies = JSON.parse(await read('movies.json')) as unknown[];
  return [
    {
      inbox: 'flights',
      extension: 'csv',
      header: 'date,delay,distance,origin,destination',
      lines: flights.map((one) => [one.date, one.delay, one.distance, one.origin, one.destination].join(',')),
      sliceLines: 250,
    },
    { inbox: 'weather', extension: 'csv', header, lines: weather, sliceLines: 120 },
    {
      inbox: 'movies',
      extension: 'ndjson',
      header: null,
      lines: movies.map((one) => JSON.stringify(one)),
      sliceLines: 200,
    },
  ];
}
