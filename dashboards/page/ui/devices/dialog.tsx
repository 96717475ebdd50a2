import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../icons.tsx';

type Props = {
  readonly title: string;
  readonly onClose: () => void;
  /** What would be lost, such as a secret, is not closed by a stray key. */
  readonly isKept?: boolean;
  readonly children: ComponentChildren;
};

/** A window before the page; Escape closes it, and the focus goes back to where it was. */
export const Dialog = ({ title, onClose, isKept = false, children }: Props) => {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    element.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      class="dialog"
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        if (!isKept) onClose();
      }}
    >
      <header>
        <h2>{title}</h2>
        <button type="button" class="button icon-button" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {children}
    </dialog>
  );
};
