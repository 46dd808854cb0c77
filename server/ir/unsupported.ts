import type { PipelineDocument, PipelineNode } from './schema.ts';

/** A part of a node that documents may already contain but this version cannot run; `path` is below the node. */
export type Unsupported = { path: string; what: string };

const MODES_TO_COME = new Set(['blue_green', 'incremental_watermark', 'mirror']);

/** Everything in the node that this version cannot run yet. */
export function unsupportedParts(node: PipelineNode): Unsupported[] {
  if (node.kind === 'unnest' || node.kind === 'branch') return [{ path: '/kind', what: `nodes of kind ${node.kind}` }];
  if (node.kind === 'source') return unsupportedSource(node.config);
  if (node.kind === 'target') return unsupportedTarget(node.config);
  return [];
}

function unsupportedSource(config: Extract<PipelineNode, { kind: 'source' }>['config']): Unsupported[] {
  if (config.type === 'table') {
    return config.watermark === undefined ? [] : [{ path: '/config/watermark', what: 'watermarks of a table source' }];
  }
  if (config.type !== 'file') return [{ path: '/config/type', what: `sources of type ${config.type}` }];
  const parts: Unsupported[] = [];
  if (config.format === 'json' || config.format === 'parquet') {
    parts.push({ path: '/config/format', what: `${config.format} files` });
  }
  if (config.path.startsWith('s3://')) parts.push({ path: '/config/path', what: 's3:// paths' });
  return parts;
}

function unsupportedTarget(config: Extract<PipelineNode, { kind: 'target' }>['config']): Unsupported[] {
  if (config.type === 'outbox') return [];
  if (config.type !== 'table') return [{ path: '/config/type', what: `targets of type ${config.type}` }];
  const parts: Unsupported[] = [];
  if (MODES_TO_COME.has(config.mode)) parts.push({ path: '/config/mode', what: `the load mode ${config.mode}` });
  if (config.watermark !== undefined) parts.push({ path: '/config/watermark', what: 'watermarks of a target' });
  return parts;
}

/** The same for what stands beside the nodes; `path` is from the document's root. */
export function unsupportedDocumentParts(doc: PipelineDocument): Unsupported[] {
  const parts: Unsupported[] = [];
  if (doc.trigger !== null) parts.push({ path: '/trigger', what: `triggers of kind ${doc.trigger.kind}` });
  if (doc.policies.overlap === 'cancel_other')
    parts.push({ path: '/policies/overlap', what: 'the overlap cancel_other' });
  for (const [when, channels] of Object.entries(doc.notify))
    if (channels.length > 0) parts.push({ path: `/notify/${when}`, what: 'notifications' });
  return parts;
}
