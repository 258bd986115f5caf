/*
 * Light or dark: the system's choice until the reader makes one, which is
 * kept where the browser allows that to a page from a file.
 */
'use strict';

const theme = {
    stored() {
        try {
            return localStorage.getItem('theme');
        } catch {
            return null;
        }
    },
    store(name) {
        try {
            localStorage.setItem('theme', name);
        } catch {
            /* for this page alone, then */
        }
    },
    show(name) {
        if (name === 'light' || name === 'dark')
            document.documentElement.dataset.theme = name;
    },
    turn() {
        const system = matchMedia('(prefers-color-scheme: dark)').matches
            ? 'dark' : 'light';
        const now = document.documentElement.dataset.theme ?? system;
        const next = now === 'dark' ? 'light' : 'dark';
        theme.show(next);
        theme.store(next);
    },
};

theme.show(theme.stored());
document.addEventListener('DOMContentLoaded', () =>
    document.getElementById('theme').addEventListener('click', theme.turn));
document.addEventListener('keydown', (event) => {
    if (event.key === 't' && !event.ctrlKey && !event.metaKey &&
        !event.altKey)
        theme.turn();
});
