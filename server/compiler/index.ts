export {
  type Catalogue,
  type CatalogueColumn,
  type CatalogueTable,
  type Column,
  type Describe,
  formattedType,
} from './catalogue.ts';
export { type ColumnLineage, columnLineage } from './column-lineage.ts';
export { compilePipeline } from './compile.ts';
export type {
  ColumnOrigin,
  Compiled,
  FileSource,
  Plan,
  PlanNode,
  RunContext,
  Statement,
  StatementPurpose,
  TargetTable,
} from './plan.ts';
export { type NodePreview, previewSql } from './preview.ts';
export { quoteIdent, quoteLiteral, quoteQualified } from './quote.ts';
export { HIDDEN_COLUMNS, SESSION_SETTINGS, stageName, WORK_TABLES_DDL } from './work-tables.ts';
