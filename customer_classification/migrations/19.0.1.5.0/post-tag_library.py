"""Rename the smart tags of the library for what they measure.

They are data of the company (``noupdate``): only names and rules that nobody edited
follow. What was shipped before and what is now is kept here, not read from the files:
this script stays true when those change again.
"""

from odoo.tools import SQL

MODULE = "customer_classification"
# {tag: {language: (the name before, the name now)}}
NAMES = {
    "tag_group_sentiment": {
        "en_US": ("Sentiment", "Loyalty and Returns"),
        "zh_CN": ("情感", "忠诚与退货"),
    },
    "tag_satisfied": {
        "en_US": ("Satisfied", "Loyal without Returns"),
        "zh_CN": ("满意", "忠诚且无退货"),
    },
    "tag_unhappy": {
        "en_US": ("Unhappy", "Returned and Buying Less"),
        "zh_CN": ("不满意", "有退货且购买减少"),
    },
    "tag_group_activity": {
        "en_US": ("Activity", "Recent Purchases"),
        "zh_CN": ("活跃度", "近期购买情况"),
    },
    "tag_highly_active": {
        "en_US": ("Highly Active", "Bought Recently"),
        "zh_CN": ("高活跃", "近期购买"),
    },
    "tag_hardly_active": {
        "en_US": ("Hardly Active", "Dormant or Lost"),
        "zh_CN": ("低活跃", "沉睡或流失"),
    },
    "tag_quality_minded": {
        "en_US": ("Quality-Minded", "Pays Full Price"),
        "zh_CN": ("注重质量", "原价购买"),
    },
    "tag_price_sensitive": {
        "en_US": ("Price-Sensitive", "Buys at a Discount"),
        "zh_CN": ("价格敏感", "折扣购买"),
    },
    "tag_strong_intention": {
        "en_US": ("Strong Intention", "Open Deal"),
        "zh_CN": ("意向强烈", "有在谈交易"),
    },
    "tag_interested_in_goods": {
        "en_US": ("Interested in Goods", "Bought Goods"),
        "zh_CN": ("对商品感兴趣", "购买过商品"),
    },
    "tag_wants_solutions": {
        "en_US": ("Wants Custom Solutions", "Large, Pays Full Price"),
        "zh_CN": ("需要定制方案", "大企业，原价购买"),
    },
    "tag_wants_value": {
        "en_US": ("Wants Value for Money", "Small, Buys at a Discount"),
        "zh_CN": ("看重性价比", "小企业，折扣购买"),
    },
}
BEFORE = "[('parent_id', '=', False), "
NOW = f"{BEFORE}('customer_profile_id', '!=', False), "
# {rule: what it asks for behind the contact, as a pattern}
RULES = {
    **{
        f"tag_rule_origin_{origin}": rf"\('customer_origin', '=', '{origin}'\)\]"
        for origin in ("online", "offline", "referral")
    },
    **{
        f"tag_rule_market_{market}": rf"\('customer_market', '=', '{market}'\)\]"
        for market in ("local", "domestic", "international")
    },
    "tag_rule_size_small": r"\('customer_company_size', 'in', \['micro', 'small'\]\)\]",
    "tag_rule_size_medium": r"\('customer_company_size', '=', 'medium'\)\]",
    "tag_rule_size_large": r"\('customer_company_size', '=', 'large'\)\]",
    "tag_rule_manufacturer": r"\('industry_id', 'child_of', \d+\)\]",
}


def migrate(cr, version):
    for tag, names in NAMES.items():
        for language, (before, now) in names.items():
            _rename(cr, tag, language, before, now)
    for rule, asked in RULES.items():
        _restrict(cr, rule, asked)


def _rename(cr, tag, language, before, now):
    cr.execute(
        SQL(
            """
            UPDATE res_partner_category
               SET name = name || jsonb_build_object(%(language)s, %(now)s)
             WHERE id IN (%(shipped)s) AND name ->> %(language)s = %(before)s
            """,
            language=language,
            now=now,
            before=before,
            shipped=_shipped(tag),
        )
    )


def _restrict(cr, rule, asked):
    cr.execute(
        SQL(
            """
            UPDATE classification_tag_rule
               SET domain = replace(domain, %(before)s, %(now)s)
             WHERE id IN (%(shipped)s) AND domain ~ %(pattern)s
            """,
            before=BEFORE,
            now=NOW,
            shipped=_shipped(rule),
            pattern=rf"^\[\('parent_id', '=', False\), {asked}$",
        )
    )


def _shipped(name):
    return SQL(
        "SELECT res_id FROM ir_model_data WHERE module = %s AND name = %s", MODULE, name
    )
