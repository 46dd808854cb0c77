import type { NodeKind, PipelineNode } from '#server/ir/index.ts';
import { emitAggregate } from './emit-aggregate.ts';
import { emitJoin, emitLookup } from './emit-join.ts';
import { emitDedupe, emitSort, emitUnion } from './emit-many-rows.ts';
import { emitDerive, emitFilter, emitSelect } from './emit-row-wise.ts';
import { emitSource } from './emit-source.ts';
import { emitTarget } from './emit-target.ts';
import { emitValidate } from './emit-validate.ts';
import { type Emitted, fail, type NodeContext } from './node-context.ts';

/** Compiles one node whose inputs have all been compiled. */
export async function emitNode(
  node: PipelineNode,
  context: Omit<NodeContext<NodeKind>, 'node'>,
): Promise<Emitted | null> {
  switch (node.kind) {
    case 'source':
      return emitSource({ ...context, node });
    case 'filter':
      return emitFilter({ ...context, node });
    case 'derive':
      return emitDerive({ ...context, node });
    case 'select':
      return emitSelect({ ...context, node });
    case 'join':
      return emitJoin({ ...context, node });
    case 'lookup':
      return emitLookup({ ...context, node });
    case 'aggregate':
      return emitAggregate({ ...context, node });
    case 'dedupe':
      return emitDedupe({ ...context, node });
    case 'union':
      return emitUnion({ ...context, node });
    case 'sort':
      return emitSort({ ...context, node });
    case 'validate':
      return emitValidate({ ...context, node });
    case 'target':
      return emitTarget({ ...context, node });
    case 'unnest':
    case 'branch':
      return fail(
        context,
        `${context.pointer}/kind`,
        'not_supported_yet',
        `nodes of kind ${node.kind} cannot be run yet`,
      );
  }
}
