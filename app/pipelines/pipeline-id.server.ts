import type { PagesApi } from '#server/web/index.ts';

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The id of the pipeline in a page's address, where it may stand by name; runs are asked for by id only. */
export const pipelineIdOf = async (api: PagesApi, idOrName: string): Promise<string> =>
  ID.test(idOrName) ? idOrName : (await api.pipelines.get({ id: idOrName })).id;
