import {
  type Emitted,
  fail,
  findColumn,
  type NodeContext,
  onlyInput,
  passOrigins,
  typeExpression,
} from './node-context.ts';
import type { PlanNode, RunContext, Statement } from './plan.ts';
import { quoteIdent, quoteLiteral } from './quote.ts';
import { expressionScope } from './run-scope.ts';
import { hidden, payloadOf, rejectStatement, STAGED_HIDDEN, stageOf } from './select-list.ts';
import { eventsName, MAX_EVENT_KEY_BYTES, MAX_EVENT_PAYLOAD_BYTES } from './work-tables.ts';

type OutboxConfig = Extract<NodeContext<'target'>['node']['config'], { type: 'outbox' }>;

/**
 * One event for each row. The tenant's role may not write the outbox: the events wait in `ms_events`, and the executor
 * stores them in the run's own transaction. A row whose event could not be stored is parked.
 */
export async function emitOutbox(ctx: NodeContext<'target'>, config: OutboxConfig): Promise<Emitted | null> {
  const input = onlyInput(ctx);
  const at = `${ctx.pointer}/config`;
  const names = config.payload ?? input.columns.map(({ name }) => name);
  const columns = names.map((name, i) => findColumn(ctx, input.columns, name, `${at}/payload/${i}`));
  const key = await typeExpression(ctx, {
    text: config.key,
    as: 'event_key',
    pointer: `${at}/key`,
    columns: input.columns,
  });
  const written = columns.filter((column) => column !== null);
  if (!key || written.length < columns.length) return null;
  if (!KEY_TYPES.test(key.type))
    return fail(
      ctx,
      `${at}/key`,
      'key_type',
      `the key is of type ${key.type}; make it a text, for example with ::text`,
    );
  return {
    columns: written,
    origins: passOrigins(input, written),
    writesEvents: true,
    statements: (run) => eventStatements(ctx, { input, written, eventType: config.eventType, run, key }),
  };
}

/** Types whose text is the same in every run and for every reader. */
const KEY_TYPES = /^(text|character varying|character|bigint|integer|smallint|uuid|numeric|boolean|date)\b/;

type Events = {
  input: PlanNode;
  written: PlanNode['columns'];
  eventType: string;
  run: RunContext;
  key: Parameters<typeof expressionScope>[0][number];
};

function eventStatements(ctx: NodeContext<'target'>, events: Events): Statement[] {
  const { input, written, eventType, run, key } = events;
  const id = ctx.node.id;
  const table = `pg_temp.${quoteIdent(eventsName(id))}`;
  const payload = payloadOf(written.map(({ name }) => ({ name, sql: `h.${quoteIdent(name)}` })));
  const scope = expressionScope([key], ctx.parameters, run);
  const prepare = `CREATE TEMP TABLE ${quoteIdent(eventsName(id))} ON COMMIT DROP AS
SELECT (e.event_key)::text AS event_key, ${payload} AS event_payload, ${hidden()}\nFROM ${stageOf(input)} AS h${scope}`;
  const keyBytes = 'coalesce(octet_length(h.event_key), 0)';
  const hasKey = `${keyBytes} BETWEEN 1 AND ${MAX_EVENT_KEY_BYTES}`;
  const payloadBytes = 'octet_length(h.event_payload::text)';
  const fits = `${payloadBytes} <= ${MAX_EVENT_PAYLOAD_BYTES}`;
  const park = (rule: string, message: string, condition: string): Statement =>
    rejectStatement({
      nodeId: id,
      rule: quoteLiteral(rule),
      errorKind: 'event',
      message,
      hidden: STAGED_HIDDEN,
      payload: 'h.event_payload',
      from: `FROM ${table} AS h\nWHERE ${condition}`,
    });
  return [
    { purpose: 'prepare', sql: prepare },
    park(
      'event_key',
      `'the key of the event has ' || ${keyBytes} || ' bytes, of 1 to ${MAX_EVENT_KEY_BYTES} allowed'`,
      `NOT (${hasKey})`,
    ),
    park(
      'event_size',
      `'the payload of the event has ' || ${payloadBytes} || ' bytes, of ${MAX_EVENT_PAYLOAD_BYTES} allowed'`,
      `${hasKey} AND NOT (${fits})`,
    ),
    {
      purpose: 'load',
      sql: `INSERT INTO pg_temp.ms_events (node_id, event_type, event_key, payload)
SELECT ${quoteLiteral(id)}, ${quoteLiteral(eventType)}, h.event_key, h.event_payload
FROM ${table} AS h
WHERE ${hasKey} AND ${fits}
ORDER BY h.ctid`,
    },
  ];
}
