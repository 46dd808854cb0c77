import type { LoaderFunctionArgs } from '@remix-run/node';
import { load, notFound } from '../api.server.ts';

/**
 * A report as a file. As an attachment always: the HTML carries its own styles, which the console's content policy
 * would refuse, and nothing that was mailed should run as part of the console.
 */
export async function loader(args: LoaderFunctionArgs) {
  const { id = '', format = '' } = args.params;
  if (format !== 'html' && format !== 'csv')
    throw notFound('NOT_FOUND', `A report is had as html or csv, not as "${format.slice(0, 20)}".`);
  const report = await load(args, (api) => api.reports.get({ id }));
  const name = `${report.template}-${report.periodTo.slice(0, 10)}.${format}`;
  return new Response(format === 'html' ? report.html : report.csv, {
    headers: {
      'content-type': `text/${format}; charset=utf-8`,
      'content-disposition': `attachment; filename="${name}"`,
      'cache-control': 'no-store',
    },
  });
}
