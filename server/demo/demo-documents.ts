// The demo's four pipelines: one for each kind of schedule, and one that fills a table from another table.
type Document = Record<string, unknown>;

const dlq = { maxRatio: 0.5, capacity: 5_000, overflow: 'drop_oldest' };

const flights: Document = {
  kind: 'pipeline',
  version: '1.0',
  metadata: {
    name: 'flight-delays',
    description: 'Flights of the last minute, joined with their airports, as delays by state and day.',
    owner: 'operations',
    labels: { env: 'demo', team: 'aviation' },
  },
  schedule: { kind: 'cron', expression: '* * * * *', timezone: 'America/New_York' },
  nodes: [
    {
      id: 'flights',
      kind: 'source',
      name: 'Flight files',
      config: {
        type: 'file',
        format: 'csv',
        path: 'flights/*.csv',
        columns: [
          { name: 'departed_at', type: 'timestamp', from: 'date' },
          { name: 'delay', type: 'integer' },
          { name: 'distance', type: 'integer' },
          { name: 'origin', type: 'text' },
          { name: 'destination', type: 'text' },
        ],
      },
    },
    { id: 'airports', kind: 'source', name: 'Airports', config: { type: 'table', table: 'airports' } },
    {
      id: 'with_airport',
      kind: 'join',
      name: 'Find the airport',
      inputs: ['flights', 'airports'],
      config: {
        type: 'inner',
        on: [{ left: 'origin', right: 'iata' }],
        right: [{ name: 'city' }, { name: 'state' }],
      },
    },
    {
      id: 'lateness',
      kind: 'derive',
      name: 'Day and lateness',
      inputs: ['with_airport'],
      config: {
        columns: [
          { name: 'flight_day', expression: 'departed_at::date' },
          { name: 'is_late', expression: 'delay > 15' },
        ],
      },
    },
    {
      id: 'by_state',
      kind: 'aggregate',
      name: 'By state and day',
      inputs: ['lateness'],
      config: {
        groupBy: ['state', 'flight_day'],
        aggregates: [
          { name: 'flights', fn: 'count' },
          { name: 'late_flights', fn: 'sum', expression: 'case when is_late then 1 else 0 end' },
          { name: 'mean_delay_minutes', fn: 'avg', expression: 'delay' },
          { name: 'longest_delay_minutes', fn: 'max', expression: 'delay' },
        ],
      },
    },
    {
      id: 'delays',
      kind: 'target',
      name: 'Delays by state',
      inputs: ['by_state'],
      config: { type: 'table', table: 'flight_delays', mode: 'upsert', key: ['state', 'flight_day'] },
    },
  ],
  errorHandling: { dlq, timeoutSeconds: 120 },
};

const weather: Document = {
  kind: 'pipeline',
  version: '1.0',
  metadata: {
    name: 'seattle-weather',
    description: 'Daily weather readings; days without rain are kept with their temperature range.',
    owner: 'operations',
    labels: { env: 'demo', team: 'climate' },
  },
  schedule: { kind: 'interval', minutes: 2 },
  nodes: [
    {
      id: 'readings',
      kind: 'source',
      name: 'Weather files',
      config: {
        type: 'file',
        format: 'csv',
        path: 'weather/*.csv',
        columns: [
          { name: 'day', type: 'date', from: 'date' },
          { name: 'precipitation', type: 'numeric' },
          { name: 'temp_max', type: 'numeric' },
          { name: 'temp_min', type: 'numeric' },
          { name: 'wind', type: 'numeric' },
          { name: 'weather', type: 'text' },
        ],
      },
    },
    { id: 'dry_days', kind: 'filter', name: 'Dry days', inputs: ['readings'], config: { where: 'precipitation = 0' } },
    {
      id: 'range',
      kind: 'derive',
      name: 'Temperature range',
      inputs: ['dry_days'],
      config: { columns: [{ name: 'temp_range', expression: 'temp_max - temp_min' }] },
    },
    {
      id: 'days',
      kind: 'target',
      name: 'Weather by day',
      inputs: ['range'],
      config: { type: 'table', table: 'weather_days', mode: 'upsert', key: ['day'], lineage: true },
    },
  ],
  errorHandling: { dlq, timeoutSeconds: 120 },
};

const movies: Document = {
  kind: 'pipeline',
  version: '1.0',
  metadata: {
    name: 'movie-ratings',
    description: 'Movies with their ratings. The data is dirty on its own: what breaks a rule is set aside in the DLQ.',
    owner: 'operations',
    labels: { env: 'demo', team: 'media' },
  },
  schedule: {
    kind: 'rrule',
    rrule: 'DTSTART:20260101T000000\nRRULE:FREQ=MINUTELY;INTERVAL=2',
    timezone: 'Europe/Berlin',
  },
  nodes: [
    {
      id: 'movies',
      kind: 'source',
      name: 'Movie files',
      config: {
        type: 'file',
        format: 'ndjson',
        path: 'movies/*.ndjson',
        columns: [
          { name: 'title', type: 'text', from: 'Title' },
          { name: 'released_on', type: 'date', from: 'Release Date' },
          { name: 'genre', type: 'text', from: 'Major Genre' },
          { name: 'budget', type: 'bigint', from: 'Production Budget' },
          { name: 'gross', type: 'bigint', from: 'Worldwide Gross' },
          { name: 'running_minutes', type: 'integer', from: 'Running Time min' },
          { name: 'imdb_rating', type: 'numeric', from: 'IMDB Rating' },
          { name: 'imdb_votes', type: 'integer', from: 'IMDB Votes' },
        ],
      },
    },
    {
      id: 'checked',
      kind: 'validate',
      name: 'Rules',
      inputs: ['movies'],
      config: {
        rules: [
          { rule: 'not_null', columns: ['title'] },
          { rule: 'not_null', columns: ['imdb_rating'] },
          { rule: 'range', column: 'imdb_rating', min: 0, max: 10 },
          { rule: 'expression', expression: "released_on < date '2012-01-01'" },
          { rule: 'range', column: 'gross', min: 1 },
        ],
        dataset: [{ rule: 'rowCount', max: 100000, onFail: 'abort' }],
      },
    },
    {
      id: 'margin',
      kind: 'derive',
      name: 'Margin',
      inputs: ['checked'],
      config: { columns: [{ name: 'margin', expression: 'round((gross - budget) / nullif(gross, 0)::numeric, 3)' }] },
    },
    {
      id: 'rated',
      kind: 'target',
      name: 'Rated movies',
      inputs: ['margin'],
      config: { type: 'table', table: 'rated_movies', mode: 'upsert', key: ['title'] },
    },
  ],
  errorHandling: { dlq, timeoutSeconds: 120 },
};

const airports: Document = {
  kind: 'pipeline',
  version: '1.0',
  metadata: {
    name: 'airports-by-state',
    description: 'Counts the airports of each state, from table to table.',
    owner: 'operations',
    labels: { env: 'demo', team: 'aviation' },
  },
  schedule: { kind: 'cron', expression: '*/5 * * * *', timezone: 'UTC' },
  nodes: [
    { id: 'airports', kind: 'source', name: 'Airports', config: { type: 'table', table: 'airports' } },
    {
      id: 'mainland',
      kind: 'filter',
      name: 'Has a state',
      inputs: ['airports'],
      config: { where: "state is not null and state <> ''" },
    },
    {
      id: 'by_state',
      kind: 'aggregate',
      name: 'By state',
      inputs: ['mainland'],
      config: {
        groupBy: ['state'],
        aggregates: [
          { name: 'airports', fn: 'count' },
          { name: 'northernmost', fn: 'max', expression: 'latitude' },
        ],
      },
    },
    {
      id: 'states',
      kind: 'target',
      name: 'Airports by state',
      inputs: ['by_state'],
      config: { type: 'table', table: 'airports_by_state', mode: 'upsert', key: ['state'] },
    },
  ],
  errorHandling: { dlq, timeoutSeconds: 120 },
};

export const DEMO_DOCUMENTS: readonly Document[] = [flights, weather, movies, airports];
