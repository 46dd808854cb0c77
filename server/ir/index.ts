export * from './expression/index.ts';
export { orderNodes, usedIds } from './graph.ts';
export { pipelineJsonSchema } from './json-schema.ts';
export { hasLabel, type LabelSelector, parseLabelSelector } from './label-selector.ts';
export { type ParsedDocument, parseDocument, pointerOf } from './parse-document.ts';
export {
  instantFormatProblem,
  PATH_INSTANTS,
  PATH_PLACEHOLDER,
  pathPatternProblem,
} from './path-pattern.ts';
export type { Problem } from './problem.ts';
export * from './schema.ts';
export { validateStructure } from './validate-structure.ts';
export {
  inOrder,
  LOCAL_YAML_LIMITS,
  MAX_YAML_BYTES,
  readYaml,
  writeYaml,
  type YamlLimits,
  type YamlPart,
} from './yaml.ts';
