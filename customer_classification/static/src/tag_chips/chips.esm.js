/** What chips show of tags `{id, text, name}`, without any component: the name alone,
 * and the path from the top where one points at it. */
export function chips(tags) {
    return tags.map(({name, ...tag}) => ({
        ...tag,
        text: name || tag.text,
        title: tag.text,
    }));
}
