import { Link } from '@remix-run/react';
import { ChevronRight } from 'lucide-react';
import type { ReactNode } from 'react';

interface PageHeaderProps {
  title: ReactNode;
  /** Beside the title: a pill, an id. */
  mark?: ReactNode;
  detail?: ReactNode;
  actions?: ReactNode;
  crumbs?: { to: string; label: string }[];
  children?: ReactNode;
}

/** The head of every page: where one is, what it is, what one can do. */
export function PageHeader({ title, mark, detail, actions, crumbs, children }: PageHeaderProps) {
  return (
    <header className="mb-4">
      {crumbs !== undefined && (
        <nav aria-label="Breadcrumb" className="mb-1">
          <ol className="flex items-center gap-1 text-muted text-xs">
            {crumbs.map(({ to, label }) => (
              <li key={to} className="flex min-w-0 items-center gap-1">
                <Link to={to} className="truncate hover:text-ink hover:underline">
                  {label}
                </Link>
                <ChevronRight aria-hidden className="size-3 shrink-0 text-faint" />
              </li>
            ))}
          </ol>
        </nav>
      )}
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        {/* A basis, so that buttons move below a title and do not squeeze it. */}
        <div className="min-w-0 flex-[1_1_15rem]">
          <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
            <h1 className="min-w-0 break-words font-semibold text-lg leading-7 tracking-tight">{title}</h1>
            {mark}
          </div>
          {detail !== undefined && <div className="mt-0.5 text-muted">{detail}</div>}
        </div>
        {actions !== undefined && <div className="no-print flex flex-wrap items-center gap-2">{actions}</div>}
      </div>
      {children}
    </header>
  );
}
