import {Component, xml} from "@odoo/owl";
import {Chatter} from "@mail/chatter/web_portal/chatter";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";

/** Activities and messages of the contact behind a profile, which has none itself:
 * runs write profiles in bulk. Whoever reads or writes here does so on the contact. */
export class CustomerContactChatter extends Component {
    static template = xml`
        <div t-if="contactId" class="o_customer_contact_chatter border-top">
            <Chatter threadModel="'res.partner'" threadId="contactId"/>
        </div>`;
    static components = {Chatter};
    static props = {...standardWidgetProps};

    get contactId() {
        const contact = this.props.record.data.partner_id;
        return contact && contact.id;
    }
}

registry.category("view_widgets").add("customer_contact_chatter", {
    component: CustomerContactChatter,
    fieldDependencies: [{name: "partner_id", type: "many2one"}],
});
