import { CircleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { Logo } from '../shell/logo.tsx';

/** The frame of pages that one sees before one is in. */
export function Door({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="grid min-h-dvh place-items-center px-4 pb-[12vh]">
      <div className="w-full max-w-96">
        <div className="mb-6 flex items-center gap-2.5">
          <Logo className="size-8 shrink-0" />
          <h1 className="min-w-0 break-words font-semibold text-lg leading-6 tracking-tight">{title}</h1>
        </div>
        <div className="space-y-4 rounded-lg border border-line bg-surface p-5 shadow-card">{children}</div>
      </div>
    </main>
  );
}

export const Refusal = ({ message }: { message: string | undefined }) =>
  message === undefined ? null : (
    <p role="alert" className="flex items-start gap-2 rounded-md bg-bad-soft px-3 py-2 text-bad">
      <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
      <span className="min-w-0 break-words">{message}</span>
    </p>
  );
